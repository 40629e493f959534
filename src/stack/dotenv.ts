/**
 * `.env` and `env_file` as Compose reads them: `NAME=value`, also after `export`; `#` begins a
 * comment at the line's start or after a blank; single quotes keep everything; double quotes know
 * `\n`, `\r`, `\t`, `\"`, `\\`, `\$`; both may span lines. Unquoted and double-quoted values are
 * interpolated from the environment first, then from the names above them.
 */
import { interpolate, type Lookup } from './interpolate.ts';

export interface EnvironmentFile {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

const entryStart = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(=|$)[ \t]*/;

export function parseEnvironmentFile(text: string, lookup: Lookup): EnvironmentFile {
  const values: Record<string, string> = {};
  const problems: { line: number; message: string }[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const known: Lookup = (name) => lookup(name) ?? values[name];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (/^\s*(#|$)/.test(line)) continue;
    const [whole = '', name, equals] = entryStart.exec(line) ?? [];
    if (name === undefined) {
      problems.push({ line: at + 1, message: 'expected `NAME=value`' });
      continue;
    }
    if (equals !== '=') {
      // As in Compose: a bare name takes its value from the environment.
      const inherited = lookup(name);
      if (inherited !== undefined) values[name] = inherited;
      continue;
    }
    const value = readValue(lines, at, line.slice(whole.length));
    if (value === null) {
      problems.push({ line: at + 1, message: `the quote of \`${name}\` is never closed` });
      break;
    }
    const result = value.literal ? null : interpolate(value.text, known);
    for (const message of result?.problems ?? []) problems.push({ line: at + 1, message });
    values[name] = result?.text ?? value.text;
    at = value.lastLine;
  }
  return { values, problems };
}

interface Value {
  readonly text: string;
  readonly literal: boolean;
  readonly lastLine: number;
}

function readValue(lines: readonly string[], at: number, first: string): Value | null {
  const quote = first[0];
  if (quote !== '"' && quote !== "'") {
    return { text: first.replace(/(^|\s)#.*$/, '').trimEnd(), literal: false, lastLine: at };
  }
  const closed = quote === "'" ? /^'([^']*)'/ : /^"((?:[^"\\]|\\[\s\S])*)"/;
  let text = first;
  for (let line = at; line < lines.length; line += 1) {
    if (line > at) text += `\n${lines[line]}`;
    const inner = closed.exec(text)?.[1];
    if (inner === undefined) continue;
    return {
      text: quote === "'" ? inner : unescaped(inner),
      literal: quote === "'",
      lastLine: line,
    };
  }
  return null;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', $: '$$' };

function unescaped(text: string): string {
  return text.replace(/\\([nrt$"\\])/g, (_, char: string) => escapes[char] ?? char);
}
