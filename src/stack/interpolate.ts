/**
 * `${…}` as Compose does: `$VAR`, `${VAR}`, `${VAR:-default}`, `${VAR-default}`, `${VAR:?message}`,
 * `${VAR?message}`, `${VAR:+other}`, `${VAR+other}`, `$$` for one `$`; defaults may nest. With a
 * colon an empty variable counts as unset.
 *
 * Names that only a starting instance can know (`${PORT}`, `${services.db.url}`, …) stay as
 * templates, whatever the environment says. Unlike in Compose a `$` before anything else stays as
 * it is, so that regular expressions need no `$$`.
 */
export type Lookup = (name: string) => string | undefined;

export interface Interpolated {
  readonly text: string;
  /** Variables that were empty because unset and without a default. */
  readonly unset: readonly string[];
  /** What is wrong, for a person. */
  readonly problems: readonly string[];
}

/** Known only when an instance starts. */
const instanceVariables = ['PORT', 'INSTANCE', 'INSTANCE_NUMBER', 'DARUMA_NODE'];

function isTemplateName(name: string, more: readonly string[]): boolean {
  return name.startsWith('services.') || [...instanceVariables, ...more].includes(name);
}

/** `more`: other names that stay as templates. */
export function interpolate(
  text: string,
  lookup: Lookup,
  more: readonly string[] = [],
): Interpolated {
  const unset: string[] = [];
  const problems: string[] = [];
  let result = '';
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1) {
      result += text.slice(at);
      break;
    }
    result += text.slice(at, dollar);
    const reference = referenceAt(text, dollar);
    const value = resolve(reference.body, { lookup, more, unset, problems });
    result += value;
    at = reference.next;
  }
  return { text: result, unset, problems };
}

type Body =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'unclosed' }
  | { readonly kind: 'reference'; readonly inner: string };

function referenceAt(text: string, dollar: number): { readonly body: Body; readonly next: number } {
  const rest = text.slice(dollar + 1);
  if (rest.startsWith('$')) return { body: { kind: 'literal', text: '$' }, next: dollar + 2 };
  if (rest.startsWith('{')) {
    const end = closingBrace(text, dollar + 2);
    if (end === -1) return { body: { kind: 'unclosed' }, next: text.length };
    return { body: { kind: 'reference', inner: text.slice(dollar + 2, end) }, next: end + 1 };
  }
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0];
  if (name === undefined) return { body: { kind: 'literal', text: '$' }, next: dollar + 1 };
  return { body: { kind: 'reference', inner: name }, next: dollar + 1 + name.length };
}

/** The brace that closes the reference whose inside begins at `from`; -1: none. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

const reference = /^([A-Za-z_][A-Za-z0-9_.-]*?)(?:(:?[-?+])(.*))?$/s;

interface Resolving {
  readonly lookup: Lookup;
  readonly more: readonly string[];
  readonly unset: string[];
  readonly problems: string[];
}

function resolve(body: Body, { lookup, more, unset, problems }: Resolving): string {
  if (body.kind === 'literal') return body.text;
  if (body.kind === 'unclosed') {
    problems.push('`${` is never closed by `}`');
    return '';
  }
  const { name, operator, argument } = parse(body.inner);
  if (name === null || (!isTemplateName(name, more) && !/^\w+$/.test(name))) {
    problems.push(`\`\${${body.inner}}\` is not a variable name`);
    return '';
  }
  if (isTemplateName(name, more)) return `\${${name}}`;
  const value = lookup(name);
  const present = value !== undefined && (value !== '' || !operator.startsWith(':'));
  const nested = () => {
    const inner = interpolate(argument, lookup, more);
    unset.push(...inner.unset);
    problems.push(...inner.problems);
    return inner.text;
  };
  if (operator.endsWith('+')) return present ? nested() : '';
  if (present) return value;
  if (operator.endsWith('-')) return nested();
  if (operator.endsWith('?'))
    problems.push(`\`${name}\` must be set: ${nested() || 'it has no default'}`);
  else unset.push(name);
  return '';
}

function parse(inner: string): { name: string | null; operator: string; argument: string } {
  // A service's name may hold `-`, which in other names begins a default.
  if (/^services\.[\w.-]+$/.test(inner)) return { name: inner, operator: '', argument: '' };
  const [, name = null, operator = '', argument = ''] = reference.exec(inner) ?? [];
  return { name, operator, argument };
}
