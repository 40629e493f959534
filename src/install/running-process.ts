/** A process as the kernel knows it. */
import { readFileSync, readlinkSync } from 'node:fs';

export interface RunningProcess {
  /** File of the program. */
  readonly program: string;
  /** Its arguments, the program's own name first. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly uid: number;
  readonly gid: number;
}

/** Null: it has ended, or isn't ours to read. */
export function lookAt(pid: number): RunningProcess | null {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    const status = read('status');
    return {
      program: readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''),
      argv: read('cmdline').replace(/\0$/, '').split('\0'),
      environment: Object.fromEntries(
        read('environ')
          .split('\0')
          .filter((line) => line.includes('='))
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ),
      workingDir: readlinkSync(`/proc/${pid}/cwd`),
      uid: idIn(status, 'Uid'),
      gid: idIn(status, 'Gid'),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

function idIn(status: string, title: string): number {
  return Number(new RegExp(`^${title}:\\t(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}
