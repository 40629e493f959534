import type { Io } from './wiring.ts';

/** The terminal and surroundings of this process. */
export function processIo(): Io {
  const { stdout: out, stderr: err, stdin: input, env: environment } = process;
  return { out, err, input, environment, cwd: process.cwd() };
}
