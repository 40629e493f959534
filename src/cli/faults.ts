/** Faults that a drill brings about. Each goes on until it is undone or has had its effect. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { DrillFaultName } from '../model/drill.ts';
import { DarumaError } from '../model/errors.ts';
import type { InstanceId } from '../model/ids.ts';
import { identify, isAlive } from '../ports/process-identity.ts';
import type { ControlClient } from './control-client.ts';

export interface Injection {
  readonly client: ControlClient;
  readonly instance: InstanceId;
  /** Its processes aren't children of Daruma: signals go straight to them. */
  readonly external: boolean;
  /** Nothing will be done about it. */
  readonly observed: boolean;
  /** Comes when the fault need not go on: something was done, or the drill is over. */
  readonly enough: AbortSignal;
  /** Of a leak. */
  readonly bytesPerSecond: number;
  /** How often a crash loop kills. */
  readonly kills: number;
}

/** Stopped for most of each second: everything takes long, nothing fails outright. */
const slowCycle = { stoppedMs: 900, runningMs: 100 } as const;
const lookEveryMs = 50;
/** A leak is a process of ours beside it: whoever restarts it would not end that. */
export const noLeak = 'only what Daruma runs, or only observes, can leak';

/** Resolves when the fault has begun; `goesOn` is what it does until `enough`. */
export async function inject(
  fault: Exclude<DrillFaultName, 'controller-kill'>,
  injection: Injection,
): Promise<{ readonly goesOn: Promise<void> }> {
  const { client, instance, bytesPerSecond } = injection;
  const done = { goesOn: Promise.resolve() };
  switch (fault) {
    case 'kill':
      await signal(injection, 'SIGKILL');
      return done;
    case 'hang':
      await signal(injection, 'SIGSTOP');
      return done;
    case 'leak':
      if (injection.external && !injection.observed) throw new DarumaError('REFUSED', noLeak);
      return {
        goesOn: goOnLeaking(
          injection,
          await client.drill({ kind: 'leak', instance, bytesPerSecond }),
        ),
      };
    case 'slow':
      await signal(injection, 'SIGSTOP');
      return { goesOn: keepSlow(injection) };
    case 'crash-loop':
      await signal(injection, 'SIGKILL');
      return { goesOn: keepKilling(injection) };
  }
}

/** Lets a process that was stopped run on; for a service that Daruma only observes. */
export async function undo(injection: Injection): Promise<void> {
  await trySignal(injection, 'SIGCONT');
}

async function signal(injection: Injection, name: NodeJS.Signals): Promise<void> {
  const { client, instance, external } = injection;
  if (!external) {
    await client.drill({ kind: 'signal', instance, signal: name });
    return;
  }
  const pid = await pidOf(client, instance);
  if (pid === null) throw new DarumaError('NOT_FOUND', `the process of ${instance} is not known`);
  process.kill(pid, name);
}

/** False: the instance doesn't run just now. */
async function trySignal(injection: Injection, name: NodeJS.Signals): Promise<boolean> {
  try {
    await signal(injection, name);
    return true;
  } catch (error) {
    if (error instanceof DarumaError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

async function keepSlow(injection: Injection): Promise<void> {
  const { enough } = injection;
  while (!enough.aborted) {
    await pause(slowCycle.stoppedMs);
    // A process that took the place of the first is not to be slowed.
    if (!(await trySignal(injection, 'SIGCONT')) || enough.aborted) return;
    await pause(slowCycle.runningMs);
    if (enough.aborted || !(await trySignal(injection, 'SIGSTOP'))) return;
  }
  await trySignal(injection, 'SIGCONT');
}

/** It ends with the instance; when that is only observed, here. */
async function goOnLeaking({ observed, enough }: Injection, pid: number | null): Promise<void> {
  if (!observed || pid === null) return;
  const leaking = identify(pid);
  if (!enough.aborted) await once(enough, 'abort');
  if (leaking !== null && isAlive(leaking)) process.kill(pid, 'SIGKILL');
}

async function keepKilling(injection: Injection): Promise<void> {
  const { client, instance, kills, enough } = injection;
  let killed = await pidOf(client, instance);
  for (let count = 1; count < kills && !enough.aborted; ) {
    const pid = await pidOf(client, instance);
    if (pid !== null && pid !== killed && (await trySignal(injection, 'SIGKILL'))) {
      killed = pid;
      count += 1;
    }
    await pause(lookEveryMs);
  }
}

async function pidOf(client: ControlClient, instance: InstanceId): Promise<number | null> {
  const { services } = await client.stack();
  const all = services.flatMap(({ instances }) => instances);
  return all.find(({ id }) => id === instance)?.pid ?? null;
}
