/** The log of the controller and of what stands around it: appended to, rotated at starts. */
import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

const maxSizeBytes = 10 * 1024 * 1024;
const maxFiles = 3;

/**
 * Opens it for a child process, after rotation when it is too long. Without a log (read-only file
 * system) the child still has to run: its output is then lost.
 */
export function withLog<T>(path: string, use: (output: number | 'ignore') => T): T {
  let fd: number;
  try {
    rotate(path);
    fd = openSync(path, 'a', 0o600);
  } catch (error) {
    process.stderr.write(`no log: ${String(error)}\n`);
    return use('ignore');
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes one line of ours to the log; what can't be written (disk full) goes to stderr. */
export function logLine(path: string, origin: string, text: string): void {
  const line = `${new Date().toISOString()} ${origin}: ${text}\n`;
  try {
    const fd = openSync(path, 'a', 0o600);
    writeSync(fd, line);
    closeSync(fd);
  } catch (error) {
    process.stderr.write(`${line.trimEnd()} (not logged: ${String(error)})\n`);
  }
}

function rotate(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < maxSizeBytes) return;
  for (let number = maxFiles - 1; number >= 1; number--) {
    const older = number === 1 ? path : `${path}.${number - 1}`;
    if (statSync(older, { throwIfNoEntry: false }) !== undefined) {
      renameSync(older, `${path}.${number}`);
    }
  }
}
