/**
 * Instances that are not in the role that they are to have, as symptoms of the engine's own.
 *
 * 1. F1: a primary that the record does not name is one at once, whoever started it.
 * 2. A standby that does not receive, and a promotion that fails, get a while: both are tried again
 *    by themselves.
 */
import { symptomId } from '../model/symptom.ts';
import { failoverOf, groupOf, isListed, primaryOf } from './group.ts';
import { rogueText } from './rogue.ts';
import { lookAgain, stepAt } from './role-step.ts';
import { answers } from './routing.ts';
import { type InstanceState, instancesOf, isRunning } from './state.ts';
import { beginSymptom, endSymptom } from './symptoms.ts';
import type { Turn } from './turn.ts';

const name = 'role';
const streamMs = 10_000;
const promotionsMax = 3;

export function watchRoles(turn: Turn, service: string): void {
  for (const instance of instancesOf(turn.state, service)) {
    const evidence = trouble(turn, instance);
    const id = symptomId(instance.id, name);
    const known = turn.state.symptoms[id] !== undefined;
    if (evidence === null && known) endSymptom(turn, id);
    if (evidence === null || known || instance.wanted === 'down') continue;
    const what = { id, component: instance.id, kind: 'role' as const, name, began: turn.at };
    beginSymptom(turn, { ...what, evidence, faults: [] });
  }
}

function trouble(turn: Turn, instance: InstanceState): string | null {
  return (
    rogueText(turn.state, instance) ?? failedPromotion(turn, instance) ?? cutOff(turn, instance)
  );
}

function failedPromotion(turn: Turn, instance: InstanceState): string | null {
  const { id, service } = instance;
  if (!isRunning(instance) || groupOf(turn.state, service)?.change != null) return null;
  const step = stepAt(turn, service, 'promote', id);
  if (step === undefined || step.failures < promotionsMax || step.state === 'done') return null;
  return `it could not be promoted ${step.failures}×${step.error === null ? '' : `: ${step.error}`}`;
}

/** A standby that receives nothing from a primary that serves. */
function cutOff(turn: Turn, instance: InstanceState): string | null {
  const { id, service } = instance;
  const group = groupOf(turn.state, service);
  const primary = primaryOf(turn.state, service);
  const replicates = failoverOf(turn.state, service)?.mode === 'replication';
  if (group === null || !replicates || primary === null || primary.id === id) return null;
  const seen = group.seen[id];
  if (seen === undefined || seen.seen.role !== 'standby' || seen.seen.streaming) return null;
  if (isListed(group, id)) return null;
  if (!answers(turn.state, instance) || !answers(turn.state, primary)) return null;
  if (group.servedAt === null || group.change !== null) return null;
  const since = Math.max(seen.at, instance.readyAt ?? 0, primary.readyAt ?? 0, group.servedAt);
  if (turn.at >= since + streamMs) {
    const stuck = `it replays nothing of ${primary.id}'s: the process that does is stopped`;
    return seen.seen.stuck === true ? stuck : `it receives nothing from ${primary.id}`;
  }
  lookAgain(turn, service, since + streamMs);
  return null;
}
