/** Did it help: the ends of actions, the time of proof, and the end of an incident. */
import type { ErrorInfo } from '../model/errors.ts';
import type { ActionId, ComponentId } from '../model/ids.ts';
import { serviceOf } from '../model/ids.ts';
import { endWaits, putBack } from './act.ts';
import { unjudgedAt } from './concerned.ts';
import { awaitEffect } from './effect.ts';
import { groupOf, primaryOf } from './group.ts';
import { beginStart, whyNotStart } from './lifecycle.ts';
import { notify, summary } from './notices.ts';
import { type ActionState, actionOf, type IncidentState, type InstanceState } from './state.ts';
import { isRemedy } from './treatment.ts';
import type { Turn } from './turn.ts';

const proofMinMs = 10_000;
const proofIntervals = 3;

/** The start of an action's instance is done. */
export function onStarted(turn: Turn, instance: InstanceState, action: ActionId): void {
  const incident = turn.state.actions[action] ?? null;
  if (incident === null) return;
  turn.emit({ kind: 'action-done', incident, action, error: null });
  awaitEffect(turn, action, instance.id);
}

/** A user's action ended, or a stop that belongs to an action failed. */
export function onActionFinished(
  turn: Turn,
  action: ActionId,
  ok: boolean,
  error: ErrorInfo | null,
): void {
  const incident = turn.state.actions[action] ?? null;
  const state = incident === null ? undefined : turn.state.incidents[incident];
  const known = state?.actions.find((one) => one.planned.action === action);
  if (incident === null || state === undefined || known?.begun == null) return;
  if (known.done !== null) return;
  if (ok && startMended(turn, known)) return;
  const failure = error ?? { code: 'ACTION_FAILED', message: 'the action failed' };
  turn.emit({ kind: 'action-done', incident, action, error: ok ? null : failure });
  if (!ok) fail(turn, known, failure.message);
  else awaitEffect(turn, action, known.planned.target);
  turn.touch(incident);
}

/** What a command of the user's mended runs again only when it is started. */
function startMended(turn: Turn, { planned }: ActionState): boolean {
  const instance = turn.instance(planned.target);
  if (planned.kind !== 'run' || instance?.phase !== 'exited') return false;
  if (instance.wanted === 'down' || whyNotStart(turn, instance) !== null) return false;
  beginStart(turn, instance.id, planned.action, true);
  return true;
}

/** Judges the actions at a component as failed: all that were begun, or only the done ones. */
export function failActionsAt(
  turn: Turn,
  target: ComponentId,
  reason: string,
  which: 'begun' | 'done',
): void {
  for (const action of [...unjudgedAt(turn.state, target), ...unfinished(turn, target)]) {
    if (!isRemedy(action) || hasPassedOn(action)) continue;
    if (which === 'begun' ? action.begun !== null : action.done !== null)
      fail(turn, action, reason);
  }
}

/** The fail-over to an instance that does not serve yet. What it chose is completed all the same
 * (F7), by what mends that instance. */
function unfinished({ state }: Turn, target: ComponentId): ActionState[] {
  const group = groupOf(state, serviceOf(target) ?? '');
  if (group?.primary !== target || group.servedAt !== null || group.action === null) return [];
  const action = actionOf(state, group.action);
  return action?.incident == null || action.done !== null ? [] : [action];
}

/** The role went to another: what becomes of the one that had it says nothing of that. */
export function hasPassedOn({ planned, done }: ActionState): boolean {
  return planned.kind === 'fail-over' && done !== null;
}

function fail(turn: Turn, action: ActionState, reason: string): void {
  const { incident, planned } = action;
  turn.clearTimer(`effect:${planned.action}`);
  if (incident === null) return;
  turn.emit({
    kind: 'action-outcome',
    incident,
    action: planned.action,
    outcome: 'failed',
    reason,
  });
  turn.touch(incident);
}

/** Time is up for an action to show effect. */
export function judgeEffect(turn: Turn, action: ActionId): InstanceState | null {
  const incident = turn.state.actions[action] ?? null;
  const state = incident === null ? undefined : turn.state.incidents[incident];
  const known = state?.actions.find((one) => one.planned.action === action);
  if (incident === null || known === undefined) return null;
  const target = turn.instance(known.planned.target);
  const leads = target === undefined ? null : primaryOf(turn.state, target.service);
  const instance = hasPassedOn(known) ? leads : target;
  const better = instance?.phase === 'ready' && instance.symptoms.length === 0;
  if (!better) fail(turn, known, 'no better after the time it should take');
  turn.touch(incident);
  return instance?.phase === 'running' && instance.symptoms.length === 0 ? instance : null;
}

/** No symptom holds any more: wait for what is under way, then prove it, or end it. */
export function settle(turn: Turn, incident: IncidentState): void {
  if (incident.state === 'verifying') return;
  if (incident.actions.some((action) => isUnderWay(turn, action))) return;
  putBack(turn, incident);
  endWaits(turn, incident, null, 'verified', 'its symptoms are over');
  for (const timer of ['confirm', 'recheck', 'slow']) turn.clearTimer(`${timer}:${incident.id}`);
  const unobserved = turn.unobserved.includes(incident.id);
  if ((incident.acted === null && !unobserved) || isUnwanted(turn, incident)) {
    resolve(turn, incident);
    return;
  }
  const seenAgainMs = unobserved ? noticeMs(turn, incident) : 0;
  const until = turn.at + Math.max(proofMs(turn, incident), seenAgainMs);
  turn.emit({ kind: 'incident-verifying', incident: incident.id, until });
  turn.setTimer(`verify:${incident.id}`, until);
}

/** Begun, and not yet to be seen whether it helps. */
function isUnderWay(turn: Turn, action: ActionState): boolean {
  if (!isRemedy(action) || action.outcome !== null || action.begun === null) return false;
  if (action.done === null) return !isGivenUp(turn, action.planned.target);
  const instance = turn.instance(action.planned.target);
  const starts = instance?.phase === 'starting' || instance?.phase === 'running';
  return instance?.wanted === 'up' && starts;
}

function isGivenUp(turn: Turn, target: ComponentId): boolean {
  return turn.instance(target)?.wanted !== 'up';
}

/** Everything it was about is to be stopped. */
function isUnwanted(turn: Turn, incident: IncidentState): boolean {
  return incident.symptoms.every(({ symptom }) => isGivenUp(turn, symptom.component));
}

function proofMs(turn: Turn, incident: IncidentState): number {
  const intervals = incident.symptoms.map(({ symptom }) => {
    const service = serviceOf(symptom.component);
    const spec = service === null ? undefined : turn.state.services[service]?.spec;
    return proofIntervals * (spec?.healthcheck?.intervalMs ?? 0);
  });
  return Math.max(proofMinMs, ...intervals);
}

/** So long those who watch anew need to notice what they noticed before. */
function noticeMs(turn: Turn, incident: IncidentState): number {
  const times = incident.symptoms.map(({ symptom: { component, name } }) => {
    const spec = turn.state.services[serviceOf(component) ?? '']?.spec;
    const declared = spec?.symptoms.find((one) => one.name === name);
    if (declared === undefined) return 0;
    return declared.kind === 'log' ? declared.quietMs : declared.forMs + proofMinMs;
  });
  return Math.max(0, ...times);
}

export function onProofDue(turn: Turn, id: IncidentState['id']): void {
  const incident = turn.state.incidents[id];
  if (incident?.state !== 'verifying') return;
  resolve(turn, incident);
}

function resolve(turn: Turn, incident: IncidentState): void {
  const proven = incident.state === 'verifying';
  for (const action of [...incident.actions]) {
    const { action: id, target } = action.planned;
    if (action.outcome !== null) continue;
    turn.clearTimer(`effect:${id}`);
    if (isRemedy(action)) turn.clearTimer(`backoff:${target}`);
    const verified = proven && action.begun !== null;
    turn.emit({
      kind: 'action-outcome',
      incident: incident.id,
      action: id,
      outcome: verified ? 'verified' : 'unknown',
      reason: verified ? 'the symptoms stayed away' : 'overtaken',
    });
  }
  const told = incident.told;
  const text = summary(turn, incident, isUnwanted(turn, incident));
  turn.emit({ kind: 'incident-resolved', incident: incident.id, summary: text });
  if (told) notify(turn, incident, 'resolved', text);
}
