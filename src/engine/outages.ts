/** The symptoms that the engine itself sees: exits and starts that fail. */
import type { ErrorInfo } from '../model/errors.ts';
import { describeExit } from '../model/exit.ts';
import type { ActionId } from '../model/ids.ts';
import { symptomId } from '../model/symptom.ts';
import { unjudgedAt } from './concerned.ts';
import { failActionsAt } from './outcomes.ts';
import type { InstanceState } from './state.ts';
import { beginSymptom, onServing } from './symptoms.ts';
import { followMs } from './treatment.ts';
import type { Turn } from './turn.ts';

const exitName = 'exit';
const startName = 'start';

/** An instance that is wanted up ended; its `instance-exited` is recorded. */
export function onUnexpectedExit(turn: Turn, instance: InstanceState): void {
  const { id, exit } = instance;
  if (exit === null || instance.wanted === 'down') return;
  const evidence = describeExit(exit);
  endObserved(turn, instance);
  failActionsAt(turn, id, evidence, 'begun');
  beginSymptom(turn, {
    id: symptomId(id, exitName),
    component: id,
    kind: exit.oom ? 'oom' : 'exit',
    name: exitName,
    began: instance.downAt ?? turn.at,
    evidence,
    faults: [],
  });
}

/** The observer let go of it: what it saw is over, whatever comes next. */
function endObserved(turn: Turn, instance: InstanceState): void {
  for (const id of instance.symptoms.filter((one) => !isOwn(instance, one))) {
    const incident = turn.state.symptoms[id]?.incident ?? null;
    turn.emit({ kind: 'symptom-ended', id });
    // What it shows next may belong to another one.
    if (incident !== null) turn.touch(incident);
  }
}

/** Symptoms that end with being ready. */
function endsWithReady(turn: Turn, instance: InstanceState, id: string): boolean {
  return isOwn(instance, id) || turn.state.symptoms[id]?.symptom.kind === 'unready';
}

/** An action's time is up and its instance was never ready, although nobody complains. */
export function onNeverReady(turn: Turn, instance: InstanceState): void {
  beginSymptom(turn, {
    id: symptomId(instance.id, 'health'),
    component: instance.id,
    kind: 'unready',
    name: 'health',
    began: instance.startedAt ?? turn.at,
    evidence: 'not ready since its start',
    faults: [],
  });
}

function isOwn(instance: InstanceState, id: string): boolean {
  return id === symptomId(instance.id, exitName) || id === symptomId(instance.id, startName);
}

export function onStartFailed(
  turn: Turn,
  instance: InstanceState,
  action: ActionId,
  error: ErrorInfo,
): void {
  const incident = turn.state.actions[action] ?? null;
  if (incident !== null) turn.emit({ kind: 'action-done', incident, action, error });
  failActionsAt(turn, instance.id, error.message, 'begun');
  onStartError(turn, instance, error.message);
}

/** Also when the controller that was told of it died over it. */
export function onStartError(turn: Turn, instance: InstanceState, evidence: string): void {
  const id = symptomId(instance.id, startName);
  if (instance.wanted === 'down') return;
  beginSymptom(turn, {
    id,
    component: instance.id,
    kind: 'start-failed',
    name: startName,
    began: turn.at,
    evidence,
    faults: [],
  });
}

/** An instance is ready: its own outage is over, and so is the waiting of those that need it. */
export function onReady(turn: Turn, instance: InstanceState): void {
  const incidents = new Set<`i${number}`>();
  for (const id of [...instance.symptoms].filter((one) => endsWithReady(turn, instance, one))) {
    const incident = turn.state.symptoms[id]?.incident ?? null;
    if (incident !== null) incidents.add(incident);
    turn.emit({ kind: 'symptom-ended', id });
  }
  for (const { incident } of unjudgedAt(turn.state, instance.id)) {
    if (incident !== null) incidents.add(incident);
  }
  onServing(turn, instance);
  for (const id of incidents) {
    // What it explains gets a while to follow, also where nothing tells that it did not.
    const left = turn.state.incidents[id]?.symptoms.some((one) => one.ended === null);
    if (left === true) turn.setTimer(`recheck:${id}`, turn.at + followMs);
    turn.touch(id);
  }
}
