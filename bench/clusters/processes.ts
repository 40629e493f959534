/** Processes below others, and programs in the background. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** The process and all its descendants. */
export function treeOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    const stat = textOf(`/proc/${name}/stat`);
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const tree = [pid];
  for (const parent of tree) {
    for (const [child, of] of parents) if (of === parent) tree.push(child);
  }
  return tree;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // It has ended.
  }
}

export interface BackgroundOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** As whom; null: as ourselves. */
  readonly account: { readonly uid: number; readonly gid: number } | null;
}

/** Its output goes to `NAME.log` in the directory. */
export function inBackground(
  name: string,
  [program = '', ...args]: readonly string[],
  { directory, environment, account }: BackgroundOptions,
): number {
  const log = openSync(`${directory}/${name}.log`, 'a', 0o666);
  const child = spawn(program, args, {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ['ignore', log, log],
    ...(account ?? {}),
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} can't be run`);
  return child.pid;
}
