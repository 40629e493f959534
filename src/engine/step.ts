/**
 * `step(state, event)`: the engine. It changes the state in place and returns the records of what
 * happened and was decided, and the commands to run once these are durable.
 *
 * 1. The state is the fold of all records: `replay(records)` equals it.
 * 2. Its cost does not grow with the size of the stack, except at `configured`, `looked`, `up` and
 *    `down`; elsewhere only what is connected to the event is touched.
 * 3. A late or doubled event (an action that was overtaken, an instance that is gone) is ignored,
 *    but for a start of what somebody else runs: nobody else tells what it found.
 */
import type { Command } from '../model/command.ts';
import type { EngineEvent } from '../model/event.ts';
import type { InstanceId } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import { letGoOfPlanned } from './act.ts';
import { assessTouched } from './assess.ts';
import { onConfirmed } from './confirm.ts';
import {
  adopt,
  afterGone,
  beginStart,
  reconcile,
  releaseDependents,
  stopAgain,
} from './lifecycle.ts';
import { askStaleSymptoms, onFound, onLooked } from './look.ts';
import { awaitHealth } from './maintenance.ts';
import { onReady, onStartFailed, onUnexpectedExit } from './outages.ts';
import { onActionFinished, onStarted } from './outcomes.ts';
import { pursueTouched } from './pursue.ts';
import { giveUpRestarts, pumpQueue } from './queue.ts';
import { letGoOfRemoved } from './removal.ts';
import { failRequests, finishRequests, onRequest } from './requests.ts';
import { advanceTouched, failRestore, onPointEvent } from './restore.ts';
import { onRoleEvent } from './role-events.ts';
import { type EngineState, type InstanceState, instancesOf, isAlive, isRunning } from './state.ts';
import { endStale, endSymptom, endSymptoms, raiseSymptom, releaseHeld } from './symptoms.ts';
import { onProgramChanged, onSlept, onTimer } from './timers.ts';
import { Turn } from './turn.ts';

export interface StepResult {
  readonly records: LogRecord[];
  readonly commands: Command[];
}

export function step(state: EngineState, event: EngineEvent): StepResult {
  const turn = new Turn(state, event.at, event.random);
  handle(turn, event);
  while (turn.isUnsettled()) {
    assessTouched(turn);
    advanceTouched(turn);
    pursueTouched(turn);
  }
  if (!state.looking) awaitHealthOf(turn);
  turn.finish();
  return { records: turn.records, commands: turn.commands };
}

function awaitHealthOf(turn: Turn): void {
  for (const { service, state } of turn.changed())
    if (state?.maintenance !== undefined) awaitHealth(turn, service);
}

function handle(turn: Turn, event: EngineEvent): void {
  switch (event.kind) {
    case 'configured':
      onConfigured(turn, event);
      return;
    case 'found':
      onFound(turn, event);
      return;
    case 'looked':
      onLooked(turn);
      return;
    case 'started':
      onInstanceStarted(turn, event);
      return;
    case 'start-failed':
      onInstanceStartFailed(turn, event);
      return;
    case 'exited':
      onExited(turn, event);
      return;
    case 'stopped':
      onStopped(turn, event.instance, event.action);
      return;
    case 'stop-failed':
      onStopFailed(turn, event);
      return;
    case 'ready':
      onInstanceReady(turn, event.instance);
      return;
    case 'suspect':
      onSuspect(turn, event.instance, event.suspected);
      return;
    case 'confirmed':
      onConfirmed(turn, event);
      return;
    case 'symptom-began':
      raiseSymptom(turn, event.symptom);
      return;
    case 'symptom-ended':
      endSymptom(turn, event.id);
      return;
    case 'program-changed':
      onProgramChanged(turn, event.instance);
      return;
    case 'action-finished':
      onActionFinished(turn, event.action, event.ok, event.error);
      return;
    case 'timer':
      onTimer(turn, event.timer);
      return;
    case 'requested':
      onRequest(turn, event);
      return;
    case 'store':
      onStore(turn, event.writable, event.reason);
      return;
    case 'slept':
      onSlept(turn, event.ms);
      return;
    case 'point':
    case 'restore-done':
      onPointEvent(turn, event);
      return;
    case 'role-done':
    case 'position':
    case 'quiesced':
    case 'role-seen':
      onRoleEvent(turn, event);
  }
}

type Of<K extends EngineEvent['kind']> = EngineEvent & { readonly kind: K };

function onConfigured(turn: Turn, { spec }: Of<'configured'>): void {
  turn.emit({ kind: 'configured', spec });
  if (turn.state.looking) return;
  letGoOfRemoved(turn);
  for (const name of [...turn.state.order]) {
    for (const one of instancesOf(turn.state, name)) reconcile(turn, one.id);
  }
}

function onInstanceStarted(turn: Turn, event: Of<'started'>): void {
  const instance = turn.state.instances[event.instance];
  if (instance === undefined) return;
  const { action, pid, port } = event;
  const awaited = instance.phase === 'starting' && instance.action === action;
  if (!awaited && !tellsAllTheSame(turn, instance, pid)) return;
  if (!awaited && instance.wanted === 'up') {
    onFound(turn, { ...event, kind: 'found', running: true, startedAt: null, exit: null });
    return;
  }
  turn.emit({ kind: 'instance-started', instance: instance.id, action, pid, port });
  if (instance.wanted === 'down') {
    reconcile(turn, instance.id);
    return;
  }
  onStarted(turn, instance, action);
  releaseDependents(turn, instance.service);
  releaseHeld(turn, instance.service);
}

/** What somebody else runs may begin while a start is under way, and end before that is made: what
 * the start says in the end is still true. A start or stop that came since will say so itself. */
function tellsAllTheSame(turn: Turn, instance: InstanceState, pid: number | null): boolean {
  const { service, phase } = instance;
  if (turn.state.services[service]?.spec.driver !== 'external') return false;
  if (phase === 'starting' || phase === 'stopping') return false;
  return !isRunning(instance) || (pid !== null && pid !== instance.pid);
}

function onInstanceStartFailed(turn: Turn, event: Of<'start-failed'>): void {
  const instance = turn.state.instances[event.instance];
  if (instance?.phase !== 'starting' || instance.action !== event.action) return;
  const { action, error, retryable, reign } = event;
  const failed = { instance: instance.id, action, error, retryable };
  turn.emit({ kind: 'instance-start-failed', ...failed, ...(reign && { reign }) });
  giveUpRestarts(turn, instance, error.message);
  if (instance.wanted === 'up') {
    onStartFailed(turn, instance, action, error);
    return;
  }
  reconcile(turn, instance.id);
  finishRequests(turn);
}

function onExited(turn: Turn, { instance: id, exit }: Of<'exited'>): void {
  const instance = turn.state.instances[id];
  if (instance === undefined || !isAlive(instance)) return;
  const policy = turn.state.services[instance.service]?.spec.restart.policy;
  const completes = exit.known && exit.code === 0 && (policy === 'no' || policy === 'on-failure');
  const stopping = instance.phase === 'stopping';
  const expected = stopping || instance.wanted === 'down' || completes;
  turn.emit({ kind: 'instance-exited', instance: id, exit, expected });
  if (stopping || turn.state.looking) return;
  if (!expected) {
    giveUpRestarts(turn, instance, 'it exited');
    onUnexpectedExit(turn, instance);
    return;
  }
  endSymptoms(turn, instance);
  if (instance.phase === 'completed') {
    pumpQueue(turn, instance.service);
    releaseDependents(turn, instance.service);
    releaseHeld(turn, instance.service);
  }
  afterGone(turn, instance);
  finishRequests(turn);
}

function onStopped(turn: Turn, id: InstanceId, action: string): void {
  const instance = turn.state.instances[id];
  if (instance?.phase !== 'stopping' || instance.action !== action) return;
  const next = instance.wanted === 'up' && instance.next === 'start' ? instance.action : null;
  turn.emit({ kind: 'instance-stopped', instance: id, action: instance.action });
  endSymptoms(turn, instance);
  if (next !== null) beginStart(turn, id, next, turn.state.actions[next] != null);
  else reconcile(turn, id);
  afterGone(turn, instance);
  finishRequests(turn);
}

function onStopFailed(turn: Turn, event: Of<'stop-failed'>): void {
  const instance = turn.state.instances[event.instance];
  if (instance?.phase !== 'stopping' || instance.action !== event.action) return;
  const { action, error } = event;
  turn.emit({ kind: 'instance-stop-failed', instance: instance.id, action, error });
  giveUpRestarts(turn, instance, error.message);
  failRestore(turn, instance.service, error);
  failRequests(turn, instance, error.message);
  stopAgain(turn, instance);
  onActionFinished(turn, action, false, error);
  askStaleSymptoms(turn, [instance]);
  if (isAlive(instance)) releaseDependents(turn, instance.service);
  else onUnexpectedExit(turn, instance);
}

function onInstanceReady(turn: Turn, id: InstanceId): void {
  const instance = turn.state.instances[id];
  if (instance === undefined || instance.phase === 'stopping') return;
  if (instance.stale) endStale(turn, instance);
  if (instance.phase === 'ready') return;
  // Of a run that the start under way ends; what somebody else runs may be ready before it is told.
  const service = turn.state.services[instance.service];
  const isOurs = service?.spec.failover !== undefined && service.spec.driver !== 'external';
  if (instance.phase === 'starting' && isOurs) return;
  // It is told once only, and is remembered in case that it is wanted again before it is gone.
  if (instance.wanted === 'down' && !instance.unasked && !isRunning(instance)) return;
  if (!isRunning(instance)) {
    adopt(turn, instance);
    letGoOfPlanned(turn, instance, 'it came back by itself');
  }
  turn.emit({ kind: 'instance-ready', instance: id });
  onReady(turn, instance);
  releaseDependents(turn, instance.service);
  pumpQueue(turn, instance.service);
}

function onSuspect(turn: Turn, id: InstanceId, suspected: boolean): void {
  const instance = turn.state.instances[id];
  if (instance === undefined || !isRunning(instance)) return;
  if (instance.suspected !== suspected) {
    turn.suspect(instance, suspected);
  }
}

function onStore(turn: Turn, writable: boolean, reason: string): void {
  if (turn.state.storeWritable === writable) return;
  turn.emit({ kind: 'store', writable, reason });
  if (!writable) return;
  for (const id of [...turn.state.open]) turn.touch(id);
}
