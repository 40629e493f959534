/** The fields of a head that has been read: which there are, and the lines that go on. */
import { type HeadParser, numbersPerField } from './head-parser.ts';

/** Field names that a proxy has to do with, by their length, so that most are told apart by it. */
const known = [
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
  'content-length',
  'transfer-encoding',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
] as const;
export type KnownField = (typeof known)[number];

const byLength: (readonly KnownField[] | undefined)[] = [];
for (const name of known) byLength[name.length] = [...(byLength[name.length] ?? []), name];

/** For one connection only, whatever `Connection` says. */
const hopByHop: ReadonlySet<KnownField> = new Set<KnownField>([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
  'transfer-encoding',
]);

/** `Connection` can't take these away: they say where the message goes and where it ends. */
const indispensable: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding']);

export class Fields {
  readonly #parser: HeadParser;
  readonly #values = new Map<KnownField, string[]>();
  /** Numbers of the fields that don't go on. */
  readonly #dropped: number[] = [];
  /** What `Connection` lists, in lower case. */
  readonly connection: ReadonlySet<string>;

  constructor(parser: HeadParser) {
    this.#parser = parser;
    const { fields } = parser;
    for (let at = 0; at < fields.length; at += numbersPerField) {
      const name = this.#knownName(at);
      if (name === null) continue;
      const values = this.#values.get(name);
      const value = this.#valueAt(at);
      if (values === undefined) this.#values.set(name, [value]);
      else values.push(value);
      if (hopByHop.has(name)) this.#dropped.push(at);
    }
    const listed = this.#values.get('connection');
    this.connection = listed === undefined ? nothing : tokens(listed);
    if (this.connection.size > 0) this.#dropNominated();
  }

  /** In the order in which they came; empty: there is none. */
  all(name: KnownField): readonly string[] {
    return this.#values.get(name) ?? none;
  }

  has(name: KnownField): boolean {
    return this.#values.has(name);
  }

  drop(...names: readonly KnownField[]): void {
    if (!names.some((name) => this.has(name))) return;
    const { fields } = this.#parser;
    for (let at = 0; at < fields.length; at += numbersPerField) {
      const name = this.#knownName(at);
      if (name !== null && names.includes(name)) this.#dropped.push(at);
    }
  }

  /** The lines that go on, as they came. */
  lines(): string {
    const { text, fields, fieldsStart } = this.#parser;
    const end = text.length - 2;
    if (this.#dropped.length === 0) return text.slice(fieldsStart, end);
    let lines = '';
    let keepFrom = fieldsStart;
    for (const at of this.#dropped.sort((a, b) => a - b)) {
      const from = fields[at] ?? end;
      if (from > keepFrom) lines += text.slice(keepFrom, from);
      keepFrom = (fields[at + 3] ?? end) + 2;
    }
    return lines + text.slice(keepFrom, end);
  }

  #knownName(at: number): KnownField | null {
    const { fields, text } = this.#parser;
    const from = fields[at] ?? 0;
    const to = fields[at + 1] ?? 0;
    const candidates = byLength[to - from];
    if (candidates === undefined) return null;
    const name = text.slice(from, to).toLowerCase();
    return candidates.find((candidate) => candidate === name) ?? null;
  }

  #valueAt(at: number): string {
    const { fields, text } = this.#parser;
    return withoutBlanks(text.slice(fields[at + 2], fields[at + 3]));
  }

  #dropNominated(): void {
    const { fields, text } = this.#parser;
    const nominated = new Set(
      [...this.connection].filter((name) => !wellKnown.has(name) && !indispensable.has(name)),
    );
    if (nominated.size === 0) return;
    for (let at = 0; at < fields.length; at += numbersPerField) {
      const name = text.slice(fields[at], fields[at + 1]).toLowerCase();
      if (nominated.has(name)) this.#dropped.push(at);
    }
  }
}

const none: readonly string[] = [];
const nothing: ReadonlySet<string> = new Set();
const wellKnown: ReadonlySet<string> = new Set(['close', 'keep-alive', ...hopByHop]);

/** The members of a comma-separated list, in lower case. */
function tokens(values: readonly string[]): Set<string> {
  const all = values.flatMap((value) => value.toLowerCase().split(','));
  return new Set(all.map(withoutBlanks).filter((token) => token !== ''));
}

/** Only these two count as white space here; `trim` takes others away as well. */
function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
