/**
 * After a start of the controller: `looking` (see `beginLook`), `found` for each instance, then
 * `looked`. Until `looked` nothing is begun. What was under way is then finished or planned anew: a
 * command that may not have been carried out is given again, with the same action id.
 */
import type { EngineEvent } from '../model/event.ts';
import type { ExitInfo } from '../model/exit.ts';
import { isInstance } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import { letGoOfPlanned } from './act.ts';
import { commandStart, reconcile } from './lifecycle.ts';
import { resumeMaintenance } from './maintenance.ts';
import { onStartError, onUnexpectedExit } from './outages.ts';
import { onStarted } from './outcomes.ts';
import { pumpQueue } from './queue.ts';
import { letGoOfRemoved } from './removal.ts';
import { beginDeferred, deferredRequests, finishRequests } from './requests.ts';
import { resumeRestores } from './restore.ts';
import { resumeActions } from './resume.ts';
import { releaseConnections, resumeGroups } from './resume-groups.ts';
import { stepAt } from './role-step.ts';
import {
  actionOf,
  type EngineState,
  type InstanceState,
  isAlive,
  isHealth,
  isRunning,
} from './state.ts';
import { endSymptom, placeStray } from './symptoms.ts';
import { Turn } from './turn.ts';

/** To be called once after the replay, before any `found`; the records are to be made durable. */
export function beginLook(state: EngineState, at: number): LogRecord[] {
  const turn = new Turn(state, at, 0);
  turn.emit({ kind: 'looking' });
  return turn.records;
}

const unknownExit: ExitInfo = {
  code: null,
  signal: null,
  known: false,
  oom: false,
  lastLines: [],
};

export function onFound(turn: Turn, event: EngineEvent & { readonly kind: 'found' }): void {
  const instance = turn.state.instances[event.instance];
  if (instance === undefined) return;
  if (event.running) {
    const { pid, port, startedAt } = event;
    const started = instance.phase === 'starting' ? instance.action : null;
    turn.emit({ kind: 'instance-adopted', instance: instance.id, pid, port, startedAt });
    if (started !== null) onStarted(turn, instance, started);
    else if (!turn.state.looking) letGoOfPlanned(turn, instance, 'it came back by itself');
    return;
  }
  if (!isAlive(instance)) return;
  // A start that never came to be is commanded again; one that ended meanwhile is an exit.
  if (instance.phase === 'starting' && !isOfLatestStart(instance, event)) return;
  const exit = event.exit ?? unknownExit;
  const expected = instance.phase === 'stopping' || instance.wanted === 'down';
  turn.emit({ kind: 'instance-exited', instance: instance.id, exit, expected });
}

/** What is known of the end of an instance may be of the run before. */
function isOfLatestStart(
  { startingAt }: InstanceState,
  { exit, startedAt }: EngineEvent & { readonly kind: 'found' },
): boolean {
  return exit !== null && (startedAt === null || startedAt >= (startingAt ?? 0));
}

export function onLooked(turn: Turn): void {
  const deferred = deferredRequests(turn);
  turn.emit({ kind: 'looked' });
  letGoOfRemoved(turn);
  const instances = Object.values(turn.state.instances);
  for (const instance of instances) resume(turn, instance);
  resumeActions(turn);
  resumeGroups(turn);
  resumeRestores(turn);
  for (const name of turn.state.order) {
    for (const id of turn.state.services[name]?.instances ?? []) reconcile(turn, id);
    pumpQueue(turn, name);
    resumeMaintenance(turn, name);
    turn.route(name);
    releaseConnections(turn, name);
  }
  askStaleSymptoms(turn, instances);
  endSharedSymptoms(turn);
  placeStray(turn, Object.keys(turn.state.symptoms));
  for (const id of [...turn.state.open]) turn.touch(id);
  for (const id of deferred) beginDeferred(turn, id);
  finishRequests(turn);
}

function resume(turn: Turn, instance: InstanceState): void {
  const { id: instanceId, action } = instance;
  const recovery = action !== null && actionOf(turn.state, action)?.incident != null;
  if (instance.phase === 'starting' && action !== null) {
    commandStart(turn, instanceId, action, recovery);
  } else if (instance.phase === 'stopping' && action !== null) {
    // A fence that is under way is asked for again with its group.
    const fence = stepAt(turn, instance.service, 'fence', instance.id);
    if (fence?.action === action && fence.state === 'begun') return;
    const hurry = instance.hurry;
    turn.command({ kind: 'stop', instance: instanceId, action, hurry }, recovery);
  } else if (instance.phase === 'exited' && instance.startError !== null) {
    onStartError(turn, instance, instance.startError.message);
  } else if (instance.phase === 'exited' && isNews(turn, instance)) {
    onUnexpectedExit(turn, instance);
  }
}

/** It may have been down already, and have been started and ended again since. */
function isNews(turn: Turn, { id, downAt }: InstanceState): boolean {
  const known = turn.state.symptoms[`${id}#exit`];
  return known === undefined || known.symptom.began < (downAt ?? 0);
}

/** What was seen of hosts has to be noticed anew: nobody would tell that it ended. */
function endSharedSymptoms(turn: Turn): void {
  for (const { symptom } of Object.values(turn.state.symptoms)) {
    if (!isInstance(symptom.component)) endSymptom(turn, symptom.id);
  }
}

/** Symptoms seen before the watch of instances began anew: those of checks are asked for again,
 * the rest have to be noticed anew. */
export function askStaleSymptoms(turn: Turn, instances: readonly InstanceState[]): void {
  for (const instance of instances.filter(isRunning)) {
    for (const id of [...instance.symptoms]) {
      if (!isHealth(id)) turn.endUnobserved(id);
    }
  }
  const stale = instances.filter((one) => one.stale).map((one) => one.id);
  if (stale.length > 0) turn.command({ kind: 'confirm', instances: stale, timeoutMs: 1000 }, true);
}
