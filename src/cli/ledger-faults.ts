/** What a ledger drill does to a service whose writes are counted. */
import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { InstanceId } from '../model/ids.ts';
import type { InstanceView, ServiceView } from '../model/view.ts';
import { readJsonFile } from '../ports/replace-file.ts';
import { fillDiskOf } from './ledger-disk.ts';
import { cut } from './ledger-network.ts';
import { backendsOf, send, treeOf, workerOf } from './ledger-processes.ts';
import type { LedgerFault, LedgerStep } from './ledger-sequence.ts';

export interface LedgerVictim {
  readonly service: ServiceView;
  /** Null: no controller answers just now. */
  readonly controllerPid: number | null;
  /** `run/endpoint.json` of the stack. */
  readonly endpointFile: string;
  /** Makes a session that holds what all writes need; null: nobody serves just now. */
  readonly hold: () => Promise<{ readonly pid: number; readonly close: () => void } | null>;
}

export interface Befallen {
  readonly whom: string;
  /** When what lasts is over; whatever has become of them, what was stopped is continued then. */
  readonly over: Promise<void>;
}

/** Null: there is nobody whom it could befall just now. Resolves when it was brought about. */
export async function bringAbout(
  { fault, lastsMs }: LedgerStep,
  victim: LedgerVictim,
): Promise<Befallen | null> {
  const { service } = victim;
  const primary = primaryOf(service);
  const standby = standbyOf(service);
  switch (fault) {
    case 'stop-holder':
      return stopHolder(victim, primary, lastsMs);
    case 'fill-disk':
    case 'fill-standby':
      return lasting(fault === 'fill-disk' ? primary : standby, ({ pid }) =>
        fillDiskOf(pid, lastsMs),
      );
    case 'cut-primary':
      return lasting(primary, ({ port }) => cut({ port }, lastsMs));
    case 'cut-standbys':
      return lasting(primary, ({ pid, port }) => {
        // It is the servers' own user that receives from there, and nobody else.
        const { uid: from } = statSync(`/proc/${pid}`);
        return from === 0 ? null : cut({ port, from }, lastsMs);
      });
    default:
      return signalled(fault, victim, lastsMs);
  }
}

type Signal = Exclude<
  LedgerFault,
  'stop-holder' | 'fill-disk' | 'fill-standby' | 'cut-primary' | 'cut-standbys'
>;

function signalled(fault: Signal, victim: LedgerVictim, lastsMs: number): Befallen | null {
  const { whom, pids } = processesFor(fault, victim);
  if (pids.length === 0) return null;
  if (!fault.startsWith('stop-')) {
    for (const pid of pids) send(pid, 'SIGKILL');
    return { whom, over: Promise.resolve() };
  }
  return { whom, over: stopFor(pids, lastsMs) };
}

async function stopFor(pids: readonly number[], lastsMs: number): Promise<void> {
  for (const pid of pids) send(pid, 'SIGSTOP');
  await pause(lastsMs);
  for (const pid of pids) send(pid, 'SIGCONT');
}

function processesFor(
  fault: Signal,
  { service, controllerPid, endpointFile }: LedgerVictim,
): { readonly whom: string; readonly pids: readonly number[] } {
  const { id: leader = service.name, pid: primary = null } = primaryOf(service) ?? {};
  const { id: follower = service.name, pid: standby = null } = standbyOf(service) ?? {};
  switch (fault) {
    case 'kill-tree':
    case 'stop-tree':
      return { whom: leader, pids: treeOf(primary) };
    case 'kill-postmaster':
    case 'stop-postmaster':
      return { whom: leader, pids: treeOf(primary).slice(0, 1) };
    case 'kill-backend':
    case 'stop-backend':
      return { whom: leader, pids: backendsOf(primary).slice(0, 1) };
    case 'kill-standby':
    case 'stop-standby':
      return { whom: follower, pids: treeOf(standby) };
    case 'kill-receiver':
    case 'stop-receiver':
      return { whom: follower, pids: workerOf(standby, 'walreceiver') };
    case 'stop-replay':
      return { whom: follower, pids: workerOf(standby, 'startup') };
    case 'kill-both': {
      const pids = service.instances.flatMap(({ pid }) => treeOf(pid));
      return { whom: `all of ${service.name}`, pids };
    }
    case 'kill-controller':
      return { whom: 'the controller', pids: controllerPid === null ? [] : [controllerPid] };
    case 'kill-endpoint':
      return { whom: 'the endpoint process', pids: endpointPid(endpointFile) };
  }
}

/** A session that holds what all need, and does not go on. */
async function stopHolder(
  { hold }: LedgerVictim,
  primary: InstanceView | undefined,
  lastsMs: number,
): Promise<Befallen | null> {
  const holder = primary === undefined ? null : await hold();
  if (holder === null) return null;
  const over = stopFor([holder.pid], lastsMs).then(holder.close);
  return { whom: `a session of ${primary?.id}`, over };
}

/** `begin`: null, it can't be done here. */
function lasting(
  instance: InstanceView | undefined,
  begin: (server: { readonly pid: number; readonly port: number }) => Promise<void> | null,
): Befallen | null {
  if (instance?.pid == null || instance.port === null) return null;
  const { id: whom, pid, port } = instance;
  try {
    const over = begin({ pid, port });
    return over === null ? null : { whom, over };
  } catch (error) {
    // It ended meanwhile.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function primaryOf({ group, instances }: ServiceView): InstanceView | undefined {
  const named = (id: InstanceId | null | undefined) => instances.find((one) => one.id === id);
  return group === undefined ? instances[0] : named(group.primary);
}

function standbyOf(service: ServiceView): InstanceView | undefined {
  const primary = primaryOf(service);
  return service.instances.find(({ id, pid }) => id !== primary?.id && pid !== null);
}

function endpointPid(file: string): number[] {
  const kept = readJsonFile(file);
  const known = typeof kept === 'object' && kept !== null && 'pid' in kept;
  return known && typeof kept.pid === 'number' ? [kept.pid] : [];
}
