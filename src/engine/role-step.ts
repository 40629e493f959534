/**
 * Steps that the shell carries out at one instance of a group: begun with a record, ended by
 * `role-done`, tried again a while after they failed.
 */
import type { RoleOrder, RoleStep } from '../model/group.ts';
import type { ActionId, InstanceId, ServiceName } from '../model/ids.ts';
import { groupOf, orderFor } from './group.ts';
import type { StepState } from './group-state.ts';
import type { Turn } from './turn.ts';

const againMs = 500;
const againMaxMs = 60_000;
/** What is there may take long to replay. A standby that hangs shows that sooner by its checks, and
 * is not waited for. */
const surveyTimeoutMs = 15_000;

export function stepAt(
  turn: Turn,
  service: ServiceName,
  step: RoleStep,
  instance: InstanceId,
): StepState | undefined {
  return groupOf(turn.state, service)?.steps[`${step} ${instance}`];
}

/** It is not under way, and did not fail a moment ago; if it did, somebody looks again then. */
export function mayBegin(
  turn: Turn,
  service: ServiceName,
  step: RoleStep,
  instance: InstanceId,
): boolean {
  const known = stepAt(turn, service, step, instance);
  if (known?.state !== 'failed') return known?.state !== 'begun';
  const due = known.at + Math.min(againMaxMs, againMs * 2 ** Math.min(20, known.failures - 1));
  if (turn.at >= due) return true;
  lookAgain(turn, service, due);
  return false;
}

/** The group is looked at again then, at the latest. */
export function lookAgain(turn: Turn, service: ServiceName, due: number): void {
  const timer = `group:${service}`;
  const known = turn.state.timers[timer];
  if (known === undefined || known > due) turn.setTimer(timer, due);
}

/** `action`: for a first try; another try is a new one. */
export function beginStep(
  turn: Turn,
  service: ServiceName,
  step: RoleStep,
  instance: InstanceId,
  action: ActionId | null = null,
): void {
  const group = groupOf(turn.state, service);
  const startedAt = turn.state.instances[instance]?.startingAt ?? Number.NEGATIVE_INFINITY;
  // What was asked of the process before is answered late, and not for this one.
  const anew = group !== null && startedAt >= group.chosenAt;
  const again = anew || stepAt(turn, service, step, instance) !== undefined;
  const id = again || action === null ? turn.newAction() : action;
  recordStep(turn, { service, step, instance, action: id });
  commandStep(turn, step, instance, id);
}

export function recordStep(
  turn: Turn,
  about: {
    readonly service: ServiceName;
    readonly step: RoleStep | 'survey' | 'quiesce';
    readonly instance: InstanceId;
    readonly action: ActionId;
  },
): void {
  const epoch = groupOf(turn.state, about.service)?.epoch ?? 0;
  turn.emit({ kind: 'role-step', ...about, epoch, state: 'begun', error: null });
}

/** Also told again after a start of the controller, with the same action. */
export function commandStep(
  turn: Turn,
  step: RoleStep,
  instance: InstanceId,
  action: ActionId,
): void {
  const order = orderOf(turn, step, instance);
  if (order === null) return;
  const known = turn.state.instances[instance];
  const orderly = step === 'fence' && known?.phase === 'stopping' && !known.hurry;
  const plain = { kind: 'role' as const, step, instance, action, order };
  turn.command(orderly ? { ...plain, orderly } : plain, false);
}

/** Who is to be admitted is among those that the primary shall wait for already. */
function orderOf(turn: Turn, step: RoleStep, instance: InstanceId): RoleOrder | null {
  const known = turn.state.instances[instance];
  const order = known === undefined ? null : orderFor(turn.state, known);
  if (order === null) return null;
  if (step === 'fence') return { ...order, role: 'standby' };
  if (step !== 'admit' || order.eligible.includes(instance)) return order;
  return { ...order, eligible: [...order.eligible, instance] };
}

/** Also asked again after a start of the controller. */
export function commandSurvey(
  turn: Turn,
  service: ServiceName,
  instances: readonly InstanceId[],
): void {
  const group = groupOf(turn.state, service);
  if (group?.change == null || instances.length === 0) return;
  const { action } = group.change;
  const { epoch } = group;
  const what = { instances: [...instances], action, epoch, timeoutMs: surveyTimeoutMs };
  turn.command({ kind: 'survey', service, ...what }, false);
}
