import { basename, relative } from 'node:path';
import type { Io } from './wiring.ts';

/** The terminal and surroundings of this process. */
export function processIo(): Io {
  const { stdout: out, stderr: err, stdin: input, env: environment } = process;
  const cwd = process.cwd();
  return { out, err, input, environment, cwd, program: programName(cwd) };
}

function programName(cwd: string): string {
  const path = process.argv[1] ?? 'daruma';
  return basename(path) === 'daruma' ? 'daruma' : relative(cwd, path);
}
