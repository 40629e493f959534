/**
 * What a death of the controller in the middle of something left half done. The records of one step
 * may be durable in part, from the first on; after the look nothing may wait for what never comes.
 */
import type { ActionId } from '../model/ids.ts';
import { awaitEffect } from './effect.ts';
import { groupOf } from './group.ts';
import { isRestoredBy } from './restoring.ts';
import { type ActionState, actionOf, type IncidentState, isRunning } from './state.ts';
import { followMs, isRemedy } from './treatment.ts';
import type { Turn } from './turn.ts';

const restarted = 'the controller was restarted meanwhile';

/** Judges actions that go no further, and sets timers that were never set. */
export function resumeActions(turn: Turn): void {
  for (const id of Object.keys(turn.state.actions) as ActionId[]) {
    const action = actionOf(turn.state, id);
    if (action === undefined || action.planned.wouldOnly) continue;
    if (isUnasked(turn, action)) abandon(turn, action);
    else if (isRemedy(action) && isAbandoned(turn, action)) abandon(turn, action);
    else if (isRemedy(action) && action.done !== null && action.incident !== null) {
      if (turn.state.timers[`effect:${id}`] === undefined)
        awaitEffect(turn, id, action.planned.target);
    }
  }
  for (const id of [...turn.state.open]) {
    const incident = turn.state.incidents[id];
    if (incident !== undefined) resumeTimers(turn, incident);
  }
}

/** A person was to be asked, and it was not written down that one was. */
function isUnasked(turn: Turn, { planned, incident, outcome }: ActionState): boolean {
  if (planned.kind !== 'ask-person' || planned.about !== undefined) return false;
  if (outcome !== null || incident === null) return false;
  const known = turn.state.incidents[incident];
  return known?.state !== 'needs-person' || !known.needs.includes(planned.target);
}

/** Nothing that is under way or waited for will bring it to its end. */
function isAbandoned(turn: Turn, { planned, incident, begun, done }: ActionState): boolean {
  if (done !== null) return false;
  const instance = turn.instance(planned.target);
  // Whether a user's command was carried out can't be known; one not begun never will be.
  if (planned.kind === 'run' || instance === undefined) return true;
  if (isRestoredBy(turn.state, instance.service, planned.action)) return false;
  const group = groupOf(turn.state, instance.service);
  // A change of the primary goes on, or what was chosen is completed (F7).
  if ([group?.change?.action, group?.action].includes(planned.action)) return false;
  if (begun !== null) return instance.action !== planned.action && !waitsForReady(turn, planned);
  if (incident === null) return false;
  return instance.hold !== 'back-off' || turn.state.timers[`backoff:${instance.id}`] === undefined;
}

/** A restart that a person asked for is done when its instance is ready. */
function waitsForReady(turn: Turn, { action, target }: ActionState['planned']): boolean {
  const instance = turn.instance(target);
  if (instance === undefined || turn.state.personal[action] === undefined) return false;
  return instance.next === null && isRunning(instance);
}

function abandon(turn: Turn, { planned, incident }: ActionState): void {
  const { action } = planned;
  turn.emit({ kind: 'action-outcome', incident, action, outcome: 'unknown', reason: restarted });
}

function resumeTimers(turn: Turn, incident: IncidentState): void {
  const { id } = incident;
  const missing = (timer: string) => turn.state.timers[`${timer}:${id}`] === undefined;
  if (incident.state === 'verifying' && missing('verify'))
    turn.setTimer(`verify:${id}`, turn.at + followMs);
  if (incident.state === 'needs-person' && missing('slow'))
    turn.setTimer(`slow:${id}`, turn.at + followMs);
  const { confirm } = incident;
  if (confirm !== null && confirm.waiting.length > 0 && missing('confirm'))
    turn.setTimer(`confirm:${id}`, Math.max(turn.at, confirm.until));
  const waits = incident.actions.some((one) => one.planned.kind === 'wait' && one.outcome === null);
  if (waits && missing('recheck')) turn.setTimer(`recheck:${id}`, turn.at + followMs);
}
