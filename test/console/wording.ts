/** What the sources say to people, read from their literals. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync, Visitor } from 'vite';

const root = path.resolve(import.meta.dirname, '../..');

export interface Wording {
  readonly file: string;
  /** What stands in a literal between its values, where it is more than one word. */
  readonly text: string;
}

/** Of all literals, or only of the messages of errors that are no defects of Daruma's own. */
export function wordingIn(patterns: readonly string[], of: 'literals' | 'errors'): Wording[] {
  return globSync([...patterns], { cwd: root })
    .filter((file) => !/\.(test|fixture)\.ts$/.test(file))
    .flatMap((file) => textsIn(file, of).map((text) => ({ file, text })));
}

interface Literal {
  readonly start: number;
  readonly text: string;
}

function textsIn(file: string, of: 'literals' | 'errors'): string[] {
  const { literals, messages } = parsed(file);
  const isMessage = ({ start }: Literal) =>
    messages.some((at) => at.start <= start && start < at.end);
  return literals
    .filter((one) => of === 'literals' || isMessage(one))
    .map(({ text }) => text.replace(/^[\s,;:.]+|[\s,;:]+$/g, ''))
    .filter((text) => /[a-z]{2,}[,:;]? [a-z]/i.test(text));
}

function parsed(file: string) {
  const { program, errors } = parseSync(file, readFileSync(path.join(root, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const literals: Literal[] = [];
  const messages: { readonly start: number; readonly end: number }[] = [];
  new Visitor({
    NewExpression: ({ callee, arguments: [code, message] }) => {
      if (callee.type !== 'Identifier' || callee.name !== 'DarumaError') return;
      const isDefect = code?.type === 'Literal' && code.value === 'INTERNAL';
      if (message !== undefined && !isDefect) messages.push(message);
    },
    Literal: ({ value, start }) => {
      if (typeof value === 'string') literals.push({ start, text: value });
    },
    TemplateElement: ({ value, start }) => {
      literals.push({ start, text: value.cooked ?? '' });
    },
  }).visit(program);
  return { literals, messages };
}
