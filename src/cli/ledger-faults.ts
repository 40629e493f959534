/** What a ledger drill does to a service whose writes are counted, by signals to its processes. */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { InstanceId } from '../model/ids.ts';
import type { InstanceView, ServiceView } from '../model/view.ts';
import { readJsonFile } from '../ports/replace-file.ts';
import type { LedgerFault, LedgerStep } from './ledger-sequence.ts';

export interface LedgerVictim {
  readonly service: ServiceView;
  /** Null: no controller answers just now. */
  readonly controllerPid: number | null;
  /** `run/endpoint.json` of the stack. */
  readonly endpointFile: string;
  /** Where each instance's data lies, or a link to it. */
  readonly dataOf: (instance: InstanceId) => string;
}

const smallDiskBytes = 2 ** 30;

/** Null: there is nobody whom it could befall just now. Resolves, when it was brought about, with
 * whom it befell. What was stopped is continued after `lastsMs`, whatever has become of it. */
export async function bringAbout(step: LedgerStep, victim: LedgerVictim): Promise<string | null> {
  const { fault, lastsMs } = step;
  if (fault === 'fill-disk') return fillDisk(victim, lastsMs);
  const pids = pidsFor(fault, victim);
  if (pids.length === 0) return null;
  if (fault.startsWith('stop-')) {
    for (const pid of pids) send(pid, 'SIGSTOP');
    void pause(lastsMs).then(() => pids.map((pid) => send(pid, 'SIGCONT')));
  } else for (const pid of pids) send(pid, 'SIGKILL');
  return whom(fault, victim);
}

function pidsFor(fault: Exclude<LedgerFault, 'fill-disk'>, victim: LedgerVictim): number[] {
  const primary = primaryOf(victim.service)?.pid ?? null;
  switch (fault) {
    case 'kill-tree':
    case 'stop-tree':
      return treeOf(primary);
    case 'kill-postmaster':
    case 'stop-postmaster':
      return treeOf(primary).slice(0, 1);
    case 'kill-backend':
    case 'stop-backend':
      return backendsOf(primary).slice(0, 1);
    case 'kill-standby':
      return treeOf(standbyOf(victim.service)?.pid ?? null);
    case 'kill-both':
      return victim.service.instances.flatMap(({ pid }) => treeOf(pid));
    case 'kill-controller':
      return victim.controllerPid === null ? [] : [victim.controllerPid];
    case 'kill-endpoint':
      return endpointPid(victim.endpointFile);
  }
}

/** Only a disk of the instance's own, such as a small tmpfs: nobody else is to suffer. */
function fillDisk({ service, dataOf }: LedgerVictim, lastsMs: number): string | null {
  const primary = primaryOf(service);
  if (primary === undefined || !existsSync(dataOf(primary.id))) return null;
  const directory = dirname(realpathSync(dataOf(primary.id)));
  const { blocks, bsize } = statfsSync(directory);
  if (blocks * bsize > smallDiskBytes) return null;
  const ballast = join(directory, 'ledger-ballast');
  fill(ballast);
  void pause(lastsMs).then(() => rmSync(ballast, { force: true }));
  return primary.id;
}

function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    const part = Buffer.alloc(64 * 1024);
    for (;;) writeSync(file, part);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}

function whom(fault: LedgerFault, { service }: LedgerVictim): string {
  if (fault === 'kill-controller') return 'the controller';
  if (fault === 'kill-endpoint') return 'the endpoint process';
  if (fault === 'kill-both') return `all of ${service.name}`;
  const one = fault === 'kill-standby' ? standbyOf(service) : primaryOf(service);
  return one?.id ?? service.name;
}

function primaryOf({ group, instances }: ServiceView): InstanceView | undefined {
  const named = (id: InstanceId | null | undefined) => instances.find((one) => one.id === id);
  return group === undefined ? instances[0] : named(group.primary);
}

function standbyOf(service: ServiceView): InstanceView | undefined {
  const primary = primaryOf(service);
  return service.instances.find(({ id, pid }) => id !== primary?.id && pid !== null);
}

/** The process and all its descendants. */
function treeOf(pid: number | null): number[] {
  if (pid === null) return [];
  const parents = parentsOfAll();
  const tree = [pid];
  for (const parent of tree) {
    for (const [child, of] of parents) if (of === parent) tree.push(child);
  }
  return tree;
}

/** Sessions of clients, by their titles: `postgres: NAME: user database host(port) …`. */
function backendsOf(pid: number | null): number[] {
  return treeOf(pid).filter((one) => /\d\(\d+\)/.test(titleOf(one)));
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

function titleOf(pid: number): string {
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

function endpointPid(file: string): number[] {
  const kept = readJsonFile(file);
  const known = typeof kept === 'object' && kept !== null && 'pid' in kept;
  return known && typeof kept.pid === 'number' ? [kept.pid] : [];
}

/** Who ended meanwhile needs no signal. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
