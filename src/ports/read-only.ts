/** File systems that can't be written, such as one that the kernel remounted after an error. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { DarumaError } from '../model/errors.ts';

const reasons: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only; mount it writable again',
  EACCES: 'permission denied',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no directory',
  EEXIST: 'it is no directory',
};

/** Makes the directory (mode 0700) when there is none. Throws REQUIREMENT_UNMET, with the reason,
 * when nothing can be written there. */
export function requireWritable(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const text = `the state directory ${directory} can't be written: ${reasons[code] ?? code}`;
    throw new DarumaError('REQUIREMENT_UNMET', text);
  }
}

/** Whether the path lies on a read-only file system. */
export function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return isReadOnlyError(error);
  }
}

/** Whether that is why something failed. */
export function isReadOnlyError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EROFS';
}
