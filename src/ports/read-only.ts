/** File systems that can't be written, such as one that the kernel remounted after an error. */
import { accessSync, constants } from 'node:fs';

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
