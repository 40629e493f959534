/**
 * A restore, one step at a time. Each call looks at the state and takes what comes next, so it goes
 * on after a restart of the controller where the records end.
 *
 *   prepare ─▶ nothing of the service runs ─▶ swap ─▶ it runs again ─▶ confirm
 *      │ fails: the old data serves on          │ fails: the old data   └▶ undo, as swap
 *      ▼                                        ▼ serves again
 *
 * 1. Until `swap` is begun nothing of the service's data is touched, and the old data serves.
 * 2. Each step is durable in the log before it is commanded; after a crash what was begun is
 *    commanded again, and the shell completes it.
 * 3. While data is exchanged, nothing of the service runs or is started; what a command loads is
 *    loaded into the service as it runs.
 * 4. With failover the restored instance is primary of a new epoch, chosen by one record (F6, F7);
 *    nobody is eligible then, and standbys follow it as they follow any new primary (F5).
 */
import type { ErrorInfo } from '../model/errors.ts';
import type { ActionId, ServiceName } from '../model/ids.ts';
import type { PointEvent } from '../model/recovery-point.ts';
import { duration } from '../plan/sentence.ts';
import { release } from './act.ts';
import { groupOf, primaryOf } from './group.ts';
import { beginStart, beginStop, hold, reconcile, whyNotStart } from './lifecycle.ts';
import { onActionFinished } from './outcomes.ts';
import { type Answer, done, refused, reply } from './replies.ts';
import type { RestoreState } from './restore-state.ts';
import { ask, commandStep, recordStep } from './restore-step.ts';
import { isLoaded, restoreOf, whyRestoring } from './restoring.ts';
import { answers } from './routing.ts';
import { actionOf, type InstanceState, instancesOf, isAlive } from './state.ts';
import type { Turn } from './turn.ts';

type Done = PointEvent & { readonly kind: 'restore-done' };

/** Looks at every service with a restore that this step touched. */
export function advanceTouched(turn: Turn): void {
  const { restores } = turn;
  for (let name = restores.shift(); name !== undefined; name = restores.shift())
    advance(turn, name);
}

/** After a start of the controller: what was commanded may never have been carried out. */
export function resumeRestores(turn: Turn): void {
  for (const service of turn.state.order) {
    const restore = restoreOf(turn.state, service);
    if (restore === null) continue;
    if (restore.state === 'begun') commandStep(turn, service);
    turn.restore(service);
  }
}

export function onPointEvent(turn: Turn, event: PointEvent): void {
  if (event.kind === 'restore-done') {
    onRestoreDone(turn, event);
    return;
  }
  const { service, what, point, why, bytes, ms, error } = event;
  turn.emit({ kind: 'point', service, what, point, why, bytes, ms, error });
}

function onRestoreDone(turn: Turn, event: Done): void {
  const { service, step, action, error } = event;
  const restore = restoreOf(turn.state, service);
  if (restore?.action !== action || restore.step !== step || restore.state !== 'begun') return;
  if (error !== null) {
    failRestore(turn, service, error);
    return;
  }
  const plan = event.plan ?? restore.plan;
  // Durable before the step is: if only that lasts, the step is made again.
  if (step === 'swap' || step === 'undo') chooseInto(turn, service, restore);
  recordStep(turn, service, { ...restore, plan }, { step, state: 'done' });
  if (step === 'confirm') answer(turn, service, done(`${service}: what was before is removed`));
  else if (step !== 'prepare') onExchanged(turn, service, restore);
}

/** The step came to nothing: the data that served before it serves again. */
export function failRestore(turn: Turn, service: ServiceName, error: ErrorInfo): void {
  const restore = restoreOf(turn.state, service);
  if (restore === null || (restore.state !== 'asked' && restore.state !== 'begun')) return;
  const stopped = whyRestoring(turn.state, service) !== null;
  recordStep(turn, service, restore, { step: restore.step, state: 'failed', error });
  answer(turn, service, refused('ACTION_FAILED', `${restore.step}: ${error.message}`));
  onActionFinished(turn, restore.action, false, error);
  if (stopped) startAll(turn, service);
}

function advance(turn: Turn, service: ServiceName): void {
  const restore = restoreOf(turn.state, service);
  if (restore === null || turn.state.looking) return;
  if (restore.step === 'prepare' && restore.state === 'done') ask(turn, service, 'swap');
  else if (restore.state === 'asked') stopAll(turn, service, restore);
  else if (restore.step === 'swap' && restore.state === 'done') tellServing(turn, service, restore);
}

/** F4: the primary ends first; a standby that ended before would be one to go on without. */
function stopAll(turn: Turn, service: ServiceName, restore: RestoreState): void {
  const { state } = turn;
  const known = state.services[service];
  const head = known?.queue[0];
  const restarts = head !== undefined && state.personal[head]?.begun != null;
  // What was begun before goes first: a change of the primary, a restart that a person asked for.
  if (groupOf(state, service)?.change != null || restarts) return;
  const alive = instancesOf(state, service).filter(isAlive);
  if (alive.length === 0 || isLoaded(state, service)) {
    recordStep(turn, service, restore, { step: restore.step, state: 'begun' });
    commandStep(turn, service);
    return;
  }
  const primary = primaryOf(state, service);
  const first = alive.filter((one) => one.id === primary?.id);
  for (const one of first.length > 0 ? first : alive) {
    if (one.phase === 'stopping') continue;
    beginStop(turn, one.id, restore.action, { hurry: false, recovery: false });
  }
}

/** F7: with failover, whoever has the exchanged data is primary of a new epoch. */
function chooseInto(turn: Turn, service: ServiceName, { action, order }: RestoreState): void {
  const group = groupOf(turn.state, service);
  if (group === null || isLoaded(turn.state, service)) return;
  const epoch = group.epoch + 1;
  const primary = order.into;
  const what = `F7: ${primary} is primary of epoch ${epoch}: its data was exchanged`;
  const reason = `${what} while nothing of ${service} ran (F1)`;
  turn.emit({ kind: 'primary-chosen', service, epoch, primary, eligible: [], action, reason });
}

/** Other data is in place: after a swap, or after its undoing. */
function onExchanged(turn: Turn, service: ServiceName, was: RestoreState): void {
  const { action, order, plan } = was;
  const into = turn.instance(order.into);
  const own = actionOf(turn.state, action);
  const again = own === undefined || own.done !== null ? turn.newAction() : action;
  if (isLoaded(turn.state, service)) onActionFinished(turn, action, true, null);
  else if (into !== undefined && into.wanted === 'up') startInto(turn, into, again);
  startAll(turn, service);
  if (restoreOf(turn.state, service) === null)
    answer(turn, service, done(`${service} has the data that it had before the restore`));
  else if (into?.wanted !== 'up') answer(turn, service, done(restoredText(service, plan)));
}

function startInto(turn: Turn, into: InstanceState, action: ActionId): void {
  const missing = whyNotStart(turn, into);
  if (missing === null) beginStart(turn, into.id, action, true);
  else hold(turn, into, missing, 'dependency');
}

function startAll(turn: Turn, service: ServiceName): void {
  for (const one of instancesOf(turn.state, service)) {
    if (one.wanted === 'down' || isAlive(one)) continue;
    if (one.symptoms.length === 0) reconcile(turn, one.id);
    else release(turn, one);
  }
}

/** Whoever waits for it is answered when it serves, or can't. */
function tellServing(turn: Turn, service: ServiceName, { order, plan }: RestoreState): void {
  const into = turn.instance(order.into);
  if (into === undefined || !isWaitedFor(turn, service)) return;
  const group = groupOf(turn.state, service);
  if (answers(turn.state, into) && (group === null || group.servedAt !== null))
    answer(turn, service, done(restoredText(service, plan)));
  else if (into.hold === 'person')
    answer(turn, service, refused('ACTION_FAILED', `restored, but ${into.note}`));
}

function restoredText(service: ServiceName, plan: RestoreState['plan']): string {
  const kept = 'what was there before is kept until it is confirmed or undone';
  if (plan === null) return `${service} is restored; ${kept}`;
  return `${service} is restored to what it was ${duration(plan.lossMs)} before; ${kept}`;
}

const kinds: ReadonlySet<string> = new Set(['restore', 'restore-undo', 'restore-confirm']);

function isWaitedFor(turn: Turn, service: ServiceName): boolean {
  return Object.values(turn.state.requests).some(
    ({ request }) => kinds.has(request.kind) && 'service' in request && request.service === service,
  );
}

function answer(turn: Turn, service: ServiceName, how: Answer): void {
  for (const [id, { request }] of Object.entries(turn.state.requests)) {
    const mine = kinds.has(request.kind) && 'service' in request && request.service === service;
    if (mine) reply(turn, id, how);
  }
}
