/** Looks, before anything is started, whether a program can be run at all. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { DarumaError } from '../model/errors.ts';
import { systemCode, unless } from './system-error.ts';

/** Where a shell looks when the environment has no PATH. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Null: it can be run. */
function obstacle(file: string): string | null {
  try {
    if (!statSync(file).isFile()) return 'it is not a file';
    accessSync(file, constants.X_OK);
    return null;
  } catch (error) {
    const code = systemCode(error) ?? String(error);
    return reasons[code] ?? code;
  }
}

/**
 * Throws START_FAILED, naming what is wrong, when the working directory or the program isn't there
 * or can't be run by us. What only the program's own user may not do shows when it is run.
 */
export function requireProgram(
  program: string | undefined,
  workingDir: string,
  path: string | undefined,
): void {
  if (program === undefined || program === '') throw startFailed('the command is empty');
  requireDirectory(workingDir);
  if (program.includes('/')) {
    const problem = obstacle(resolve(workingDir, program));
    if (problem !== null) throw startFailed(`cannot run «${program}»: ${problem}`);
    return;
  }
  const places = (path ?? defaultPath).split(delimiter).map((dir) => resolve(workingDir, dir));
  const problems: string[] = [];
  for (const dir of places) {
    const file = `${dir}/${program}`;
    const problem = isFile(file) ? obstacle(file) : undefined;
    if (problem === null) return;
    if (problem !== undefined) problems.push(problem);
  }
  const reason = problems[0] ?? `not found in PATH (${places.join(delimiter)})`;
  throw startFailed(`cannot run «${program}»: ${reason}`);
}

/** False also where we may not look. */
function isFile(path: string): boolean {
  const hidden = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'];
  return unless(hidden, () => statSync(path).isFile()) ?? false;
}

function requireDirectory(workingDir: string): void {
  try {
    if (!statSync(workingDir).isDirectory()) throw startFailed(`«${workingDir}» is no directory`);
    accessSync(workingDir, constants.X_OK);
  } catch (error) {
    if (error instanceof DarumaError) throw error;
    const code = systemCode(error) ?? String(error);
    const reason = code === 'ENOENT' ? 'no such directory' : (reasons[code] ?? code);
    throw startFailed(`cannot run in «${workingDir}»: ${reason}`);
  }
}

function startFailed(text: string): DarumaError {
  return new DarumaError('START_FAILED', text);
}
