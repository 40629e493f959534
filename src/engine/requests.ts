/** What people ask. Each request is replied to exactly once. */
import type { PersonRequest } from '../model/event.ts';
import { type ComponentId, isInstance, serviceOf } from '../model/ids.ts';
import { letGoOfPlanned, onBackOffOver } from './act.ts';
import { candidatesOf, canFence, whyNoneMay } from './candidates.ts';
import { primaryOf } from './group.ts';
import { afterGone, beginStart, hold, isObserved, reconcile, whyNotStart } from './lifecycle.ts';
import { adoptReign, instanceWithLostReign, type LostReign } from './lost-reign.ts';
import { onMaintenanceRequest } from './maintenance.ts';
import { isUnderMaintenance } from './maintenance-state.ts';
import { notify } from './notices.ts';
import { giveUpRestarts, planRestarts, planSwitchover } from './queue.ts';
import { type Answer, done, refused, reply } from './replies.ts';
import { isGoingOn, onRestoreRequest } from './restore-requests.ts';
import { restorable } from './restoring.ts';
import {
  type IncidentState,
  type InstanceState,
  instancesOf,
  isAlive,
  type PendingRequest,
} from './state.ts';
import { isSwitching, whyNotSwitch } from './switchover.ts';
import { placeStray, setAside } from './symptoms.ts';
import type { Turn } from './turn.ts';

export function onRequest(
  turn: Turn,
  event: { readonly requestId: string; readonly by: string; readonly request: PersonRequest },
): void {
  const { requestId, by, request } = event;
  const what = describe(request);
  turn.emit({ kind: 'requested', requestId, by, what, request });
  if (turn.state.looking) return;
  begin(turn, requestId, by, request);
  finishRequests(turn);
}

/** Requests that came while instances were looked at. */
export function deferredRequests(turn: Turn): string[] {
  const { requests } = turn.state;
  return Object.keys(requests).filter((id) => requests[id]?.deferred === true);
}

/** Carries out a request that was recorded; `finishRequests` is to follow. */
export function beginDeferred(turn: Turn, requestId: string): void {
  const pending = turn.state.requests[requestId];
  if (pending === undefined || isGoingOn(turn, pending.request)) return;
  begin(turn, requestId, pending.by, pending.request);
}

function begin(turn: Turn, requestId: string, by: string, request: PersonRequest): void {
  const answer = carryOut(turn, by, request);
  if (answer !== null) reply(turn, requestId, answer);
}

function describe(request: PersonRequest): string {
  if ('incident' in request) return `${request.kind} ${request.incident}`;
  if ('target' in request) return `${request.kind} ${request.target ?? 'everything'}`;
  if (request.kind === 'note') return request.text;
  if ('service' in request) return `${request.kind} ${request.service}`;
  return request.kind;
}

/** Null: the answer comes later. */
function carryOut(turn: Turn, by: string, request: PersonRequest): Answer | null {
  switch (request.kind) {
    case 'up':
      return up(turn, by, request.restartChanged === true);
    case 'down':
      return down(turn, by);
    case 'approve':
    case 'reject':
      return consent(turn, by, request);
    case 'reset':
      return reset(turn, by, request.target);
    case 'drill-begin':
    case 'drill-end':
    case 'import-knowledge':
    case 'reset-knowledge':
      return note(turn, by, request);
    case 'note':
      return done('noted');
    case 'restore':
    case 'restore-undo':
    case 'restore-confirm':
      return onRestoreRequest(turn, request);
    case 'maintenance':
    case 'maintenance-end':
      return onMaintenanceRequest(turn, by, request);
    case 'switchover':
      return switchover(turn, by, request);
    default: {
      const instances = resolveTarget(turn, request.target);
      if (instances === null) return unknownTarget(turn, request.target);
      const observed = instances.find((one) => isObserved(turn, one.service));
      if (observed !== undefined) return observeRefusal(observed);
      if (request.kind === 'start') return start(turn, by, request.target, instances);
      if (request.kind === 'stop') return stop(turn, by, request, instances);
      return restart(turn, by, request.target, instances);
    }
  }
}

type Noted = Extract<
  PersonRequest,
  { readonly kind: 'drill-begin' | 'drill-end' | 'import-knowledge' | 'reset-knowledge' }
>;

/** What is only taken down: it changes what is known, and nothing is done for it. */
function note(turn: Turn, by: string, request: Noted): Answer {
  if (request.kind === 'import-knowledge') {
    turn.emit({ kind: 'knowledge-imported', knowledge: request.knowledge, by });
    return done('what was learned is replaced');
  }
  if (request.kind === 'reset-knowledge') {
    turn.emit({ kind: 'knowledge-reset', by });
    return done('what was learned is forgotten');
  }
  const { instance: component } = request;
  if (turn.instance(component) === undefined) return unknownTarget(turn, component);
  if (request.kind === 'drill-end') turn.emit({ kind: 'drill-ended', component });
  else turn.emit({ kind: 'drill-began', component, fault: request.fault, by });
  return done(`${component}: ${request.kind === 'drill-end' ? 'drill ended' : 'drill began'}`);
}

function resolveTarget(turn: Turn, target: ComponentId): InstanceState[] | null {
  const one = turn.instance(target);
  if (one !== undefined) return one.removed ? null : [one];
  const service = turn.state.services[target];
  return service === undefined || service.removed ? null : instancesOf(turn.state, target);
}

function unknownTarget(turn: Turn, target: ComponentId): Answer {
  const service = turn.state.services[target.replace(/\/.*$/, '')];
  const names = service === undefined ? turn.state.order : service.instances;
  const there = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
  const what = isInstance(target) ? 'instance' : 'service';
  return refused('NOT_FOUND', `no ${what} «${target}»; ${there}`);
}

function up(turn: Turn, by: string, restartChanged: boolean): Answer {
  const all = Object.values(turn.state.instances);
  if (all.every((one) => one.wanted === 'down')) turn.emit({ kind: 'reset', target: null, by });
  turn.emit({ kind: 'wanted', target: null, wanted: 'up', by });
  overtake(turn, 'up');
  placeStray(turn, symptomsOf(all));
  for (const name of turn.state.order) {
    for (const one of instancesOf(turn.state, name)) reconcile(turn, one.id);
  }
  const here = all.filter((one) => !one.removed);
  const changed = restartChanged ? here.filter((one) => one.changed) : [];
  planRestarts(turn, changed, 'its definition changed');
  const given = restartChanged ? here.filter(isGivenUp) : [];
  for (const { id } of given) reset(turn, by, id);
  const wanted = `${here.length} ${here.length === 1 ? 'instance is' : 'instances are'} wanted up`;
  const restarting = changed.length === 0 ? '' : `; restarting ${listed(changed)}`;
  return done(
    `${wanted}${restarting}${given.length === 0 ? '' : `; trying ${listed(given)} afresh`}`,
  );
}

function listed(instances: readonly InstanceState[]): string {
  return instances.map((one) => one.id).join(', ');
}

/** It waits for a person, or for its next try: who changed the stack file may have mended it. */
function isGivenUp({ wanted, phase, hold }: InstanceState): boolean {
  return wanted === 'up' && phase === 'held' && (hold === 'person' || hold === 'back-off');
}

function down(turn: Turn, by: string): null {
  turn.emit({ kind: 'wanted', target: null, wanted: 'down', by });
  takeDown(turn, Object.values(turn.state.instances));
  return null;
}

function stop(
  turn: Turn,
  by: string,
  { target, wait }: PersonRequest & { readonly kind: 'start' | 'stop' | 'restart' },
  instances: InstanceState[],
): Answer | null {
  turn.emit({ kind: 'wanted', target: target as InstanceState['id'], wanted: 'down', by });
  takeDown(turn, instances);
  return wait === false ? done(`stopping ${listed(instances)}`) : null;
}

function takeDown(turn: Turn, instances: readonly InstanceState[]): void {
  for (const one of instances) giveUpRestarts(turn, one, 'it is to be stopped');
  for (const one of instances) setAside(turn, one);
  for (const one of instances) letGoOfPlanned(turn, one, 'it is to be stopped');
  for (const one of instances) turn.clearTimer(`backoff:${one.id}`);
  for (const one of instances) reconcile(turn, one.id);
  for (const id of [...turn.state.open]) turn.touch(id);
}

function start(turn: Turn, by: string, target: ComponentId, instances: InstanceState[]): Answer {
  turn.emit({ kind: 'wanted', target: target as InstanceState['id'], wanted: 'up', by });
  overtake(turn, `start ${target}`);
  placeStray(turn, symptomsOf(instances));
  const idle = instances.filter((one) => !isAlive(one));
  afresh(turn, by, idle);
  for (const one of idle) startNow(turn, one);
  if (idle.length === 0) return done(`${target} is up already`);
  return done(`starting ${idle.map((one) => one.id).join(', ')}`);
}

/** An incident that asked for others too asks for nobody any more: it is looked at again. */
function afresh(turn: Turn, by: string, instances: readonly InstanceState[]): void {
  const ids = new Set<string>(instances.map((one) => one.id));
  const shared = turn.state.open.filter((id) => {
    const needs = turn.state.incidents[id]?.needs ?? [];
    return needs.some((one) => ids.has(one)) && !needs.every((one) => ids.has(one));
  });
  for (const one of instances) turn.emit({ kind: 'reset', target: one.id, by });
  for (const id of shared) turn.touch(id);
}

function startNow(turn: Turn, instance: InstanceState): void {
  turn.clearTimer(`backoff:${instance.id}`);
  const missing = whyNotStart(turn, instance);
  if (missing !== null) {
    hold(turn, instance, missing, 'dependency');
    return;
  }
  beginStart(turn, instance.id, turn.newAction(), false);
}

function observeRefusal(instance: InstanceState): Answer {
  return refused('REFUSED', `${instance.service} is in observe mode: nothing is done to it`);
}

function restart(turn: Turn, by: string, target: ComponentId, instances: InstanceState[]): Answer {
  turn.emit({ kind: 'wanted', target: target as InstanceState['id'], wanted: 'up', by });
  overtake(turn, `restart ${target}`);
  placeStray(turn, symptomsOf(instances));
  const [idle, others] = [instances.filter(isIdle), instances.filter((one) => !isIdle(one))];
  for (const one of idle) startNow(turn, one);
  planRestarts(turn, others, `${by} asked for it`);
  return done(`restarting ${listed(instances)}`);
}

/** Answered when it is done, or came to nothing. */
function switchover(
  turn: Turn,
  by: string,
  { service, to }: PersonRequest & { readonly kind: 'switchover' },
): Answer | null {
  if (isSwitching(turn.state, service)) return null;
  const why = whyNotSwitch(turn.state, service, to);
  const primary = primaryOf(turn.state, service);
  if (why !== null) return refused(why.code, why.message);
  if (primary === null || isObserved(turn, service))
    return refused('REFUSED', `${service} is in observe mode: nothing is done to it`);
  planSwitchover(turn, primary, to, by);
  return null;
}

/** Nothing is wrong with it, and nobody is served by it: its start waits for no other's turn. */
function isIdle({ phase, symptoms }: InstanceState): boolean {
  return phase === 'stopped' || (phase === 'held' && symptoms.length === 0);
}

function reset(turn: Turn, by: string, target: string | null): Answer {
  const instances =
    target === null ? Object.values(turn.state.instances) : resolveTarget(turn, target);
  if (instances === null) return unknownTarget(turn, target ?? '');
  turn.emit({ kind: 'reset', target: target as InstanceState['id'] | null, by });
  for (const one of instances) {
    turn.clearTimer(`backoff:${one.id}`);
    onBackOffOver(turn, one.id);
  }
  for (const id of [...turn.state.open]) turn.touch(id);
  return done(`${target ?? 'everything'} is tried afresh`);
}

function consent(
  turn: Turn,
  by: string,
  request: PersonRequest & { readonly kind: 'approve' | 'reject' },
): Answer {
  const incident = turn.state.incidents[request.incident];
  if (incident === undefined || incident.state === 'resolved') {
    const open = turn.state.open.length === 0 ? 'none is open' : turn.state.open.join(', ');
    return refused('NOT_FOUND', `no open incident «${request.incident}»; open: ${open}`);
  }
  if (!isAsking(incident))
    return refused('REFUSED', `${incident.id} asks for nothing: ${incident.state}`);
  const given = request.kind === 'approve';
  const resting = given ? maintainedAmong(turn, incident.needs) : undefined;
  if (resting !== undefined)
    return refused('REFUSED', `${resting} is under maintenance: end that first`);
  const lost = given ? instanceWithLostReign(turn.state, incident) : null;
  if (lost !== null) return takeReign(turn, by, lost);
  const vain = given ? incident.needs.map((id) => whyInVain(turn, id)) : [];
  const why = vain.find((one) => one !== null) ?? null;
  if (why !== null) return refused('REFUSED', why);
  const asked = incident.state === 'needs-person';
  turn.emit({ kind: 'consent', incident: incident.id, given, by });
  const answer = given ? 'approved' : 'rejected';
  if (asked) notify(turn, incident, 'acknowledged', `${answer} by ${by}`);
  turn.touch(incident.id);
  return done(`${incident.id}: ${answer}`);
}

/** Who answers has been told what it is about. */
function isAsking({ state, actions }: IncidentState): boolean {
  return state !== 'verifying' && actions.some(({ planned }) => planned.kind === 'ask-person');
}

/** Consent is in vain where only another primary would help, and nobody can be one; or null. */
function whyInVain({ state, at }: Turn, id: ComponentId): string | null {
  const service = serviceOf(id) ?? '';
  const primary = primaryOf(state, service);
  const { actions = [] } = state.services[service]?.spec ?? {};
  if (primary?.id !== id || actions.some((one) => one.destructive)) return null;
  if (restorable(state, primary, at) !== null) return null;
  if (candidatesOf(state, service, true).length > 0) return null;
  if (!canFence(state, service))
    return `${whyNoneMay(state, service)}; nobody takes over from ${id}`;
  const none = 'no standby runs and passes its checks; when one does, you are asked again';
  return `nobody can take over from ${id}: ${none}`;
}

function maintainedAmong({ state }: Turn, components: readonly ComponentId[]): string | undefined {
  const services = components.flatMap((one) => serviceOf(one) ?? []);
  return services.find((one) => isUnderMaintenance(state, one));
}

/** What the data tells of the primary becomes the record (F6), and all of the group is started. */
function takeReign(turn: Turn, by: string, { instance, reign }: LostReign): Answer {
  const { service } = instance;
  const why = adoptReign(turn, by, service, reign);
  if (why !== null) return refused('REFUSED', why);
  const idle = instancesOf(turn.state, service).filter((one) => !isAlive(one));
  afresh(turn, by, idle);
  for (const one of idle) startNow(turn, one);
  return done(`${reign.primary} is primary, as its data says`);
}

/** Replies to what waited for instances to be gone. */
export function finishRequests(turn: Turn): void {
  for (const [id, pending] of Object.entries(turn.state.requests)) {
    if (isGone(turn, pending)) reply(turn, id, done(goneText(pending)));
  }
}

function isGone(turn: Turn, pending: PendingRequest): boolean {
  const { request } = pending;
  if (request.kind === 'down') return turn.state.alive === 0;
  if (request.kind !== 'stop') return false;
  return (resolveTarget(turn, request.target) ?? []).every((one) => !isAlive(one));
}

function goneText({ request }: PendingRequest): string {
  return request.kind === 'stop' ? `${request.target} is stopped` : 'the stack is down';
}

function symptomsOf(instances: readonly InstanceState[]): string[] {
  return instances.flatMap((one) => one.symptoms);
}

/** A later wish replaces one that is still being fulfilled. */
function overtake(turn: Turn, by: string): void {
  for (const [id, { request }] of Object.entries(turn.state.requests)) {
    const waits = request.kind === 'down' || request.kind === 'stop';
    if (waits) reply(turn, id, refused('REFUSED', `overtaken by a later «${by}»`));
  }
}

/** A process could not be ended: who waits for it is told. */
export function failRequests(turn: Turn, instance: InstanceState, message: string): void {
  for (const [id, { request }] of Object.entries(turn.state.requests)) {
    const concerned =
      request.kind === 'down' ||
      (request.kind === 'stop' && [instance.id, instance.service].includes(request.target));
    if (concerned) reply(turn, id, refused('STOP_FAILED', `${instance.id}: ${message}`));
  }
  afterGone(turn, instance);
}
