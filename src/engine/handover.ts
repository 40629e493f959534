/** How the primary's role is taken from an instance: its connections, its processes, its mark. */
import type { ActionId } from '../model/ids.ts';
import { groupOf } from './group.ts';
import { overtake } from './lifecycle.ts';
import { commandStep, recordStep } from './role-step.ts';
import { type InstanceState, isAlive } from './state.ts';
import type { Turn } from './turn.ts';

/** F1, F2: no connection leads to it, its tree ends, and a mark keeps it from being primary.
 * `orderly`: it may end in order, so that its standbys receive everything. */
export function beginFence(
  turn: Turn,
  instance: InstanceState,
  action: ActionId,
  orderly: boolean,
): void {
  const { id, service } = instance;
  overtake(turn, id, action);
  if (isAlive(instance))
    turn.emit({ kind: 'instance-stopping', instance: id, action, hurry: !orderly });
  const before = groupOf(turn.state, service)?.change ?? null;
  recordStep(turn, { service, step: 'fence', instance: id, action });
  turn.route(service);
  // Whoever was held for a switchover that this one overtakes waits for the new primary instead.
  if (before !== null && before.action !== action)
    turn.command({ kind: 'release', service }, false);
  commandStep(turn, 'fence', id, action);
}

/** New connections are held, transactions under way end. */
export function beginQuiesce(
  turn: Turn,
  { id, service }: InstanceState,
  action: ActionId,
  limitMs: number,
): void {
  recordStep(turn, { service, step: 'quiesce', instance: id, action });
  const epoch = groupOf(turn.state, service)?.epoch ?? 0;
  turn.command({ kind: 'quiesce', service, action, epoch, limitMs }, false);
}
