/** Steps of a restore: recorded, then commanded; `restore.ts` says which comes when. */
import type { ErrorInfo } from '../model/errors.ts';
import type { ActionId, ServiceName } from '../model/ids.ts';
import type { RestoreOrder, RestoreStep } from '../model/recovery-point.ts';
import type { RestoreState } from './restore-state.ts';
import { restoreOf } from './restoring.ts';
import type { Turn } from './turn.ts';

export function beginRestore(
  turn: Turn,
  service: ServiceName,
  action: ActionId,
  order: RestoreOrder,
): void {
  recordStep(turn, service, { action, order, plan: null }, { step: 'prepare', state: 'begun' });
  commandStep(turn, service);
}

/** It waits until nothing of the service runs. */
export function ask(turn: Turn, service: ServiceName, step: 'swap' | 'undo'): void {
  const restore = restoreOf(turn.state, service);
  if (restore !== null) recordStep(turn, service, restore, { step, state: 'asked' });
}

export function beginConfirm(turn: Turn, service: ServiceName): void {
  const restore = restoreOf(turn.state, service);
  if (restore === null) return;
  recordStep(turn, service, restore, { step: 'confirm', state: 'begun' });
  commandStep(turn, service);
}

export function recordStep(
  turn: Turn,
  service: ServiceName,
  { action, order, plan }: Pick<RestoreState, 'action' | 'order' | 'plan'>,
  what: {
    readonly step: RestoreStep;
    readonly state: RestoreState['state'];
    readonly error?: ErrorInfo;
  },
): void {
  const { step, state, error = null } = what;
  turn.emit({ kind: 'restore-step', service, action, step, state, order, plan, error });
  turn.restore(service);
}

/** The step that was begun, as it was recorded. */
export function commandStep(turn: Turn, service: ServiceName): void {
  const restore = restoreOf(turn.state, service);
  if (restore === null) return;
  const { step, action, order } = restore;
  turn.command({ kind: 'restore', step, service, action, order }, false);
}
