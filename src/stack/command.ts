/** Commands: text split into words, a list as it is, or text for a shell. */
import type { CommandSpec } from '../model/command-spec.ts';
import type { StackDocument } from './document.ts';
import type { Path } from './problem.ts';
import { shellOperator, splitWords } from './words.ts';

export function toCommand(
  document: StackDocument,
  path: Path,
  raw: string | readonly string[],
  shell: boolean,
): CommandSpec {
  if (typeof raw !== 'string') return listed(document, path, raw, shell);
  if (shell) return { argv: ['sh', '-c', raw] };
  const split = splitWords(raw);
  if (!split.ok) {
    document.complain(path, { message: split.message });
    return { argv: [] };
  }
  const operator = shellOperator(split.words);
  if (operator !== undefined) {
    document.warn(path, {
      message: `\`${operator}\` is passed to the program as it is`,
      hint: 'say `shell: true` if a shell should read the command',
    });
  }
  if (split.words.length === 0)
    document.complain(path, { message: 'expected a command, found blanks' });
  return { argv: split.words };
}

function listed(
  document: StackDocument,
  path: Path,
  argv: readonly string[],
  shell: boolean,
): CommandSpec {
  if (shell) {
    const hint = 'write the command as text, or leave `shell` out';
    document.complain(path, { message: 'a list of words can’t be read by a shell', hint });
  } else if (argv.length === 0) {
    document.complain(path, { message: 'expected a command, found an empty list' });
  }
  return { argv };
}

export function toOptionalCommand(
  document: StackDocument,
  path: Path,
  raw: string | readonly string[] | undefined,
): CommandSpec | null {
  return raw === undefined ? null : toCommand(document, path, raw, false);
}
