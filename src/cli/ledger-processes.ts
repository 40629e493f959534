/** Which processes a fault of a ledger drill befalls: of a PostgreSQL instance, by their titles. */
import { readdirSync, readFileSync } from 'node:fs';

/** The process and all its descendants. */
export function treeOf(pid: number | null): number[] {
  if (pid === null) return [];
  const parents = parentsOfAll();
  const tree = [pid];
  for (const parent of tree) {
    for (const [child, of] of parents) if (of === parent) tree.push(child);
  }
  return tree;
}

/** Sessions of clients: `postgres: NAME: user database host(port) …`. */
export function backendsOf(pid: number | null): number[] {
  return treeOf(pid).filter((one) =>
    /^postgres: \S+: (?!walsender )\S+ \S+ \S+\(\d+\)/.test(title(one)),
  );
}

/** The one process of an instance that does such work: `postgres: NAME: walreceiver …`. */
export function workerOf(pid: number | null, work: 'walreceiver' | 'startup'): number[] {
  return treeOf(pid).filter((one) => new RegExp(`^postgres: \\S+: ${work} `).test(title(one)));
}

/** Who ended meanwhile needs no signal. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? textOf(`/proc/${name}/stat`) : '';
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (stat !== '') parents.set(Number(name), parent);
  }
  return parents;
}

function title(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`);
}

/** Empty: the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
