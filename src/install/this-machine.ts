/** What this machine has of what a service needs. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { Machine } from './import-parts.ts';

/** `path` is where programs without a directory are looked for: `PATH`. */
export function thisMachine(path: string): Machine {
  return {
    hasProgram(name, workingDir) {
      if (name.includes('/')) return isProgram(resolve(workingDir, name));
      return path.split(delimiter).some((directory) => isProgram(resolve(directory, name)));
    },
    hasUser: (name) => spawnSync('id', ['-u', '--', name]).status === 0,
  };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
