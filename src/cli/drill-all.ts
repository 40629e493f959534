/**
 * One drill after the other, each on a healthy stack.
 *
 * 1. Before each, budgets and back-off are cleared: a drill is no history of faults.
 * 2. When the stack does not become healthy again, the rest is skipped, and told so.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { InstanceId } from '../model/ids.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { StackView } from '../model/view.ts';
import { type DrillLimits, drillOne } from './drill-one.ts';
import type { PlannedDrill } from './drill-plan.ts';
import { untilInterrupted } from './interrupt.ts';
import type { Scorecard, ScoredDrill } from './scorecard.ts';
import { drillLine } from './scorecard-text.ts';
import type { Session } from './session.ts';
import { isSettled } from './stack-text.ts';

export interface AllDrills extends DrillLimits {
  readonly spec: StackSpec;
  readonly seed: number;
  readonly drills: readonly PlannedDrill[];
}

const lookEveryMs = 200;

export async function runAll(session: Session, all: AllDrills): Promise<Scorecard> {
  const { spec, seed, drills } = all;
  const interrupted = untilInterrupted();
  const whole = settledIn(await session.client.stack());
  const scored: ScoredDrill[] = [];
  let broken: string | null = null;
  if (!session.json) session.print(`${drills.length} drills, --seed ${seed}`);
  for (const planned of drills) {
    const skip: string | null = planned.skip ?? broken;
    const one: ScoredDrill =
      skip === null ? await score(session, all, planned) : skipped(planned, skip);
    scored.push(one);
    if (!session.json) session.print(`  ${drillLine(one)}`);
    if (interrupted.aborted) break;
    if (skip === null && !(await untilWhole(session, whole, all.timeoutMs, interrupted))) {
      broken = `the stack was not healthy again after ${drillLine(one)}`;
    }
  }
  const stopped = interrupted.aborted;
  return { stack: spec.name, at: Date.now(), seed, interrupted: stopped, drills: scored };
}

async function score(
  session: Session,
  all: AllDrills,
  { fault, service, instance }: PlannedDrill,
): Promise<ScoredDrill> {
  await session.client.request(session.user, { kind: 'reset', target: null });
  const result = await drillOne(session, { ...all, fault, instance });
  return { fault, service, skipped: null, result };
}

function skipped({ fault, service }: PlannedDrill, why: string): ScoredDrill {
  return { fault, service, skipped: why, result: null };
}

/** Instances that were well when it began: what was broken before is no drill's fault. */
function settledIn(view: StackView): Set<InstanceId> {
  const all = view.services.flatMap(({ instances }) => instances);
  return new Set(all.filter(isSettled).map(({ id }) => id));
}

/** False: it took too long, or a person has seen enough. */
async function untilWhole(
  session: Session,
  whole: ReadonlySet<InstanceId>,
  timeoutMs: number,
  interrupted: AbortSignal,
): Promise<boolean> {
  const endsAt = performance.now() + timeoutMs;
  while (performance.now() < endsAt && !interrupted.aborted) {
    const now = settledIn(await session.client.stack());
    if ([...whole].every((id) => now.has(id))) return true;
    await pause(lookEveryMs);
  }
  return false;
}
