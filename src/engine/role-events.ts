/** What the shell tells of roles. A late or doubled answer changes nothing. */
import type { RoleEvent, RoleSeen } from '../model/group.ts';
import { serviceOf } from '../model/ids.ts';
import { onAdmitted } from './admission.ts';
import { failChange } from './change.ts';
import { failoverOf, groupOf } from './group.ts';
import { afterGone, beginStart, reconcile, releaseDependents, stopAgain } from './lifecycle.ts';
import { askStaleSymptoms } from './look.ts';
import { onUnexpectedExit } from './outages.ts';
import { onActionFinished } from './outcomes.ts';
import { onStillBusy } from './queue.ts';
import { failRequests, finishRequests } from './requests.ts';
import { stepAt } from './role-step.ts';
import { actionOf, type InstanceState, isAlive } from './state.ts';
import { endSymptoms, onServing } from './symptoms.ts';
import type { Turn } from './turn.ts';

type Of<K extends RoleEvent['kind']> = RoleEvent & { readonly kind: K };

export function onRoleEvent(turn: Turn, event: RoleEvent): void {
  switch (event.kind) {
    case 'role-done':
      onRoleDone(turn, event);
      return;
    case 'position':
      onPosition(turn, event);
      return;
    case 'quiesced':
      onQuiesced(turn, event);
      return;
    case 'role-seen':
      onRoleSeen(turn, event);
      return;
  }
}

function onRoleDone(turn: Turn, event: Of<'role-done'>): void {
  const { step, instance: id, action, epoch, error } = event;
  const service = serviceOf(id) ?? '';
  const instance = turn.instance(id);
  const known = stepAt(turn, service, step, id);
  if (known?.state !== 'begun' || known.action !== action || instance === undefined) return;
  // F6: what an older epoch asked for was overtaken.
  if (epoch !== groupOf(turn.state, service)?.epoch) return;
  const state = error === null ? 'done' : 'failed';
  turn.emit({ kind: 'role-step', service, instance: id, step, action, epoch, state, error });
  if (step === 'fence') onFenceEnded(turn, instance, event);
  if (error !== null) return;
  if (step === 'promote') onPromoted(turn, instance, epoch);
  if (step === 'admit') onAdmitted(turn, instance);
}

function onFenceEnded(
  turn: Turn,
  instance: InstanceState,
  { action, error }: Of<'role-done'>,
): void {
  const { id, service } = instance;
  const mine = instance.phase === 'stopping' && instance.action === action;
  if (error !== null) {
    const message = `F1: ${id} could not be fenced: ${error.message}`;
    if (mine) turn.emit({ kind: 'instance-stop-failed', instance: id, action, error });
    if (mine) failRequests(turn, instance, error.message);
    if (mine) stopAgain(turn, instance);
    if (mine) askStaleSymptoms(turn, [instance]);
    failChange(turn, service, message);
    onActionFinished(turn, action, false, { ...error, message });
    if (mine && !isAlive(instance)) onUnexpectedExit(turn, instance);
    return;
  }
  if (mine) turn.emit({ kind: 'instance-stopped', instance: id, action });
  if (mine) endSymptoms(turn, instance);
  const rejoins = actionOf(turn.state, action)?.planned.kind === 'rejoin';
  if (rejoins && !isAlive(instance) && instance.wanted === 'up') beginStart(turn, id, action, true);
  else reconcile(turn, id);
  afterGone(turn, instance);
  finishRequests(turn);
}

/** F2: a write through it succeeded, so that traffic may return. */
function onPromoted(turn: Turn, instance: InstanceState, epoch: number): void {
  const { service, id } = instance;
  turn.emit({ kind: 'primary-serves', service, epoch, instance: id });
  onServing(turn, instance);
  releaseDependents(turn, service);
}

function onPosition(turn: Turn, event: Of<'position'>): void {
  const { instance, action, epoch, position } = event;
  const service = serviceOf(instance) ?? '';
  const change = groupOf(turn.state, service)?.change ?? null;
  if (change?.action !== action || !change.asked.includes(instance)) return;
  if (change.positions[instance] !== undefined) return;
  turn.emit({ kind: 'position-told', service, instance, epoch, position });
}

function onQuiesced(turn: Turn, event: Of<'quiesced'>): void {
  const { service, action, busy } = event;
  const group = groupOf(turn.state, service);
  if (group?.change?.action !== action || group.change.quiesce !== 'begun') return;
  const { epoch, change } = group;
  const what = { service, instance: change.from, step: 'quiesce' as const, action, epoch };
  if (busy === 0) {
    turn.emit({ kind: 'role-step', ...what, state: 'done', error: null });
    return;
  }
  const still = busy === 1 ? 'connection was' : 'connections were';
  // Whoever can't be looked into is taken for one that is.
  const message = `${busy} ${still} still in a transaction, or encrypted (TLS); nothing was changed`;
  const error = { code: 'REFUSED', message };
  turn.emit({ kind: 'role-step', ...what, state: 'failed', error });
  onStillBusy(turn, service);
}

/** Only what matters is kept: positions change all the time. */
function onRoleSeen(turn: Turn, { instance, seen }: Of<'role-seen'>): void {
  const known = turn.instance(instance);
  if (known === undefined) return;
  const group = groupOf(turn.state, known.service);
  if (group === null) return;
  const before = group.seen[instance]?.seen;
  const durability = failoverOf(turn.state, known.service)?.durability;
  const most = durability?.kind === 'asynchronous' ? durability.maxLagBytes : 0;
  if (before !== undefined && isAlike(before, seen, most)) return;
  turn.emit({ kind: 'role-seen', service: known.service, instance, seen });
}

function isAlike(a: RoleSeen, b: RoleSeen, lagBytesMax: number): boolean {
  if (a.role !== b.role || a.epoch !== b.epoch || a.streaming !== b.streaming) return false;
  if (a.standbys.length !== b.standbys.length) return false;
  if (JSON.stringify(a.lacks) !== JSON.stringify(b.lacks)) return false;
  return a.standbys.every((one) => {
    const other = b.standbys.find(({ instance }) => instance === one.instance);
    if (other === undefined || other.synchronous !== one.synchronous) return false;
    return one.lagBytes <= lagBytesMax === other.lagBytes <= lagBytesMax;
  });
}
