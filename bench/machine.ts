/** On what a benchmark was run. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_bytes: number;
  readonly kernel: string;
  readonly system: string;
  /** Where the state and the logs of the stacks lie. */
  readonly file_system: string;
  /** Of the last minute before the run: what others did on the machine. */
  readonly load_average: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    kernel: release(),
    system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux',
    file_system: output('stat', '-f', '-c', '%T', tmpdir()),
    load_average: loadavg()[0] ?? 0,
  };
}

export function commit(): { readonly commit: string; readonly changed: boolean } {
  const git = (...args: string[]) => output('git', '-C', root, ...args);
  return { commit: git('rev-parse', 'HEAD'), changed: git('status', '--porcelain', 'src') !== '' };
}

function output(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' }).trim();
}
