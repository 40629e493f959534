/** Files that a command is about to write: shown, or written with a word on what to do next. */

import { carryOut, type Plan, type PlannedFile } from '../install/plan.ts';
import { exitCodes } from '../model/errors.ts';
import type { Session } from './session.ts';

export interface WriteOptions {
  readonly print?: boolean;
  readonly force?: boolean;
}

/** Throws REFUSED when a file is there already and `force` isn't given. */
export function writePlanned(
  session: Session,
  plan: Plan,
  options: WriteOptions,
  finish: () => readonly string[] = () => plan.next,
): number {
  if (options.print === true) {
    session.print(...plan.files.map(shown));
    return exitCodes.ok;
  }
  carryOut(plan, { force: options.force === true });
  const next = finish();
  const files = plan.files.map(({ path }) => path);
  if (session.json) session.printJson({ files, next });
  else session.print(...files.map((path) => `wrote ${path}`), 'next:', ...next.map(indented));
  return exitCodes.ok;
}

function shown({ path, text, mode }: PlannedFile): string {
  return mode === 0o600
    ? `# ${path}: not shown, it may hold secrets\n`
    : `# ${path}\n${text.trimEnd()}\n`;
}

function indented(line: string): string {
  return `  ${line}`;
}
