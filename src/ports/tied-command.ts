/**
 * A command that prints without end, such as `tail -f`, and is to end with the process that reads
 * it, however that ends: in its process group a small shell waits for descriptor 3 to come to its
 * end, and then kills the group. Only the reader holds the other end, and the kernel closes that.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

const tie = "sh -c 'read -r line; kill -KILL 0' <&3 3<&- >/dev/null 2>&1 &";
/** Some programs (`docker logs`) print what a service said on both of their outputs. */
const together = `${tie}\nexec "$@" 2>&1 3<&-`;
const apart = `${tie}\nexec "$@" 3<&-`;

export interface TiedOptions {
  readonly argv: readonly string[];
  /** What makes it run as another user. */
  readonly asUser: readonly string[];
  readonly workingDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For what the shell has to say; what the command says comes by `stdout`. `pipe`: what the
   * command says there comes by the child's own `stderr`. */
  readonly stderr: 'ignore' | 'inherit' | 'pipe';
  /** `pipe`: the child's `stdin` is the command's. */
  readonly stdin?: 'pipe';
}

export interface TiedCommand {
  readonly child: ChildProcess & { readonly stdout: Readable };
  /** Ends it and all of its process group. */
  end(): void;
}

export function startTied(options: TiedOptions): TiedCommand {
  const { argv, asUser, workingDir, environment, stderr, stdin = 'ignore' } = options;
  const script = stderr === 'pipe' ? apart : together;
  const [program = '', ...args] = [...asUser, '/bin/sh', '-c', script, 'sh', ...argv];
  const child = spawn(program, args, {
    cwd: workingDir,
    env: { ...environment },
    detached: true,
    stdio: [stdin, 'pipe', stderr, 'pipe'],
  });
  const line = child.stdio[3];
  // Nothing is sent on it, and that its other end is gone is told by the exit.
  line?.on('error', () => undefined);
  return {
    child: child as TiedCommand['child'],
    end: () => {
      killGroup(child);
      line?.destroy();
    },
  };
}

/** Only while the leader is not yet collected: its number can't belong to another group then. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}
