/** What people ask about restores. They were shown what is lost, and consent by asking. */

import type { PersonRequest } from '../model/event.ts';
import { instanceId, type ServiceName } from '../model/ids.ts';
import { groupOf } from './group.ts';
import { isObserved } from './lifecycle.ts';
import { type Answer, refused } from './replies.ts';
import { ask, beginConfirm, beginRestore } from './restore-step.ts';
import { restoreOf } from './restoring.ts';
import type { Turn } from './turn.ts';

export type RestoreRequest = Extract<
  PersonRequest,
  { readonly kind: 'restore' | 'restore-undo' | 'restore-confirm' }
>;

/** Null: the answer comes when it is done, or came to nothing. */
export function onRestoreRequest(turn: Turn, request: RestoreRequest): Answer | null {
  const { service } = request;
  const refusal = whyNot(turn, service);
  if (refusal !== null) return refusal;
  const under = restoreOf(turn.state, service);
  const swapped = under?.step === 'swap' && under.state === 'done';
  if (request.kind === 'restore') {
    if (under !== null) return refused('REFUSED', swapped ? unconfirmed(service) : busy(service));
    const into = groupOf(turn.state, service)?.primary ?? instanceId(service, 1);
    const { to: target, only, identity } = request;
    beginRestore(turn, service, turn.newAction(), { target, into, only, identity });
    return null;
  }
  if (under === null) return refused('REFUSED', `nothing was restored that is not confirmed yet`);
  if (!swapped) return refused('REFUSED', busy(service));
  if (request.kind === 'restore-undo') ask(turn, service, 'undo');
  else beginConfirm(turn, service);
  return null;
}

/** One that came before a start of the controller, and goes on. */
export function isGoingOn(turn: Turn, request: PersonRequest): boolean {
  if (!('service' in request) || !request.kind.startsWith('restore')) return false;
  return restoreOf(turn.state, request.service) !== null;
}

function whyNot(turn: Turn, service: ServiceName): Answer | null {
  const known = turn.state.services[service];
  if (known === undefined || known.removed) {
    const there = `there are: ${turn.state.order.join(', ')}`;
    return refused('NOT_FOUND', `no service «${service}»; ${there}`);
  }
  if (known.spec.recoveryPoints === undefined)
    return refused('REFUSED', `${service} has no \`recovery_points\` in its stack file`);
  if (isObserved(turn, service))
    return refused('REFUSED', `${service} is in observe mode: nothing is done to it`);
  return turn.state.storeWritable ? null : refused('REFUSED', 'the store can not write');
}

function busy(service: ServiceName): string {
  return `a restore of ${service} is under way`;
}

function unconfirmed(service: ServiceName): string {
  return `what was there before the last restore of ${service} is kept yet: confirm or undo that`;
}
