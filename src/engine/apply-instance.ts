/** Records about one instance. */
import type { LogRecord } from '../model/record.ts';
import { forgetIfRemoved } from './apply-configured.ts';
import { waitingFor } from './concerned.ts';
import {
  acquit,
  actionOf,
  type EngineState,
  type InstanceState,
  isHealth,
  isOurs,
  isRunning,
} from './state.ts';

type SuspectRecord = LogRecord & { readonly kind: 'instance-suspect' };
export type InstanceRecord = Exclude<
  Extract<LogRecord, { readonly instance: unknown }>,
  SuspectRecord
>;

export function applyInstance(state: EngineState, record: InstanceRecord): void {
  const instance = state.instances[record.instance];
  if (instance === undefined) return;
  const was = isOurs(instance);
  change(state, instance, record);
  state.alive += Number(isOurs(instance)) - Number(was);
  forgetIfRemoved(state, instance);
}

export function applySuspect(state: EngineState, record: SuspectRecord): void {
  const instance = state.instances[record.instance];
  if (instance === undefined) return;
  if (instance.suspected && !record.suspected) instance.failedUntil = record.at;
  instance.suspected = record.suspected;
  if (!record.suspected) acquit(instance);
}

function change(state: EngineState, instance: InstanceState, record: InstanceRecord): void {
  switch (record.kind) {
    case 'instance-starting':
      starting(state, instance, record);
      return;
    case 'instance-started':
      started(instance, record);
      return;
    case 'instance-adopted':
      adopted(state, instance, record);
      return;
    case 'instance-start-failed':
      instance.phase = 'exited';
      instance.action = null;
      instance.exit = null;
      instance.startError = {
        message: record.error.message,
        retryable: record.retryable ?? false,
        ...(record.reign && { reign: record.reign }),
      };
      return;
    case 'instance-ready':
      ready(instance, record.at);
      copied(state, instance);
      return;
    case 'instance-confirmed':
      confirmed(state, instance, record);
      return;
    case 'instance-exited':
      exited(state, instance, record);
      return;
    case 'instance-stopping':
      if (actionOf(state, record.action)?.incident != null) instance.downAt = record.at;
      instance.phase = 'stopping';
      instance.action = record.action;
      instance.hurry = record.hurry;
      clearHold(instance);
      return;
    case 'instance-stopped':
      stopped(instance);
      return;
    case 'instance-stop-failed':
      // Its main process may have ended while others of its tree live on.
      if (instance.exit !== null) instance.phase = 'exited';
      else instance.phase = instance.readyAt === null ? 'running' : 'ready';
      instance.action = null;
      instance.next = null;
      instance.stopFailed = true;
      instance.note = record.error.message;
      // Whoever watched it let go of it for the stop, and begins anew.
      instance.stale = isRunning(instance) && instance.symptoms.some(isHealth);
      return;
    case 'instance-held':
      instance.phase = 'held';
      instance.hold = record.waitsFor ?? (record.until === null ? 'dependency' : 'back-off');
      instance.note = record.reason;
      instance.until = record.until;
      return;
  }
}

function clearHold(instance: InstanceState): void {
  instance.hold = null;
  instance.note = '';
  instance.until = null;
}

function starting(
  state: EngineState,
  instance: InstanceState,
  record: InstanceRecord & { kind: 'instance-starting' },
): void {
  clearHold(instance);
  instance.phase = 'starting';
  instance.startingAt = record.at;
  instance.action = record.action;
  instance.next = null;
  instance.starts += 1;
  if (actionOf(state, record.action)?.spared !== true) instance.tries += 1;
  instance.changed = false;
  instance.stopFailed = false;
  instance.exit = null;
  instance.startError = null;
  instance.startedAt = null;
  instance.readyAt = null;
  instance.confirmed = null;
  instance.suspected = false;
  instance.takenOut = false;
}

function started(
  instance: InstanceState,
  record: InstanceRecord & { kind: 'instance-started' },
): void {
  instance.phase = 'running';
  instance.action = null;
  instance.pid = record.pid;
  instance.port = record.port;
  instance.startedAt = record.at;
}

function adopted(
  state: EngineState,
  instance: InstanceState,
  record: InstanceRecord & { kind: 'instance-adopted' },
): void {
  const spec = state.services[instance.service]?.spec;
  const observed = state.stack?.mode === 'observe' || spec?.mode === 'observe';
  const isFree = observed || (instance.phase === 'stopped' && spec?.driver === 'external');
  if (isFree && instance.phase !== 'stopping' && instance.wanted === 'down')
    instance.unasked = true;
  if (instance.phase !== 'stopping') {
    const sameRun = instance.phase === 'ready' && instance.pid === record.pid;
    if (!sameRun) {
      instance.readyAt = null;
      instance.startingAt = record.startedAt ?? record.at;
    }
    instance.phase = sameRun ? 'ready' : 'running';
    instance.action = null;
    clearHold(instance);
  }
  instance.starts = Math.max(1, instance.starts);
  instance.exit = null;
  instance.startError = null;
  instance.pid = record.pid;
  instance.port = record.port;
  instance.startedAt = record.startedAt ?? instance.startedAt ?? record.at;
  instance.suspected = false;
  instance.confirmed = null;
}

function ready(instance: InstanceState, at: number): void {
  instance.phase = 'ready';
  instance.readyAt = at;
  instance.wasReadyAt = at;
  instance.suspected = false;
  instance.confirmed = null;
  if (instance.startedAt !== null) instance.startTookMs = at - instance.startedAt;
}

/** A standby that comes up has data from its primary. */
function copied(state: EngineState, instance: InstanceState): void {
  const primary = state.services[instance.service]?.group?.primary ?? instance.id;
  if (primary !== instance.id) delete instance.damaged;
}

function confirmed(
  state: EngineState,
  instance: InstanceState,
  record: InstanceRecord & { kind: 'instance-confirmed' },
): void {
  instance.stale &&= !record.healthy;
  instance.confirmed = {
    at: record.at,
    healthy: record.healthy,
    evidence: record.evidence,
  };
  for (const { confirm } of waitingFor(state, instance.id)) {
    if (confirm) confirm.waiting = confirm.waiting.filter((other) => other !== instance.id);
  }
}

function exited(
  state: EngineState,
  instance: InstanceState,
  record: InstanceRecord & { kind: 'instance-exited' },
): void {
  const lasted = instance.startedAt === null ? 0 : record.at - instance.startedAt;
  const resetAfterMs = state.services[instance.service]?.spec.restart.resetAfterMs;
  if (resetAfterMs !== undefined && lasted >= resetAfterMs) instance.tries = 0;
  instance.exit = record.exit;
  instance.killed = record.exit.signal !== null;
  gone(instance);
  if (!record.expected) instance.downAt = record.at;
  if (instance.phase === 'stopping') return;
  instance.action = null;
  if (!record.expected) instance.phase = 'exited';
  else instance.phase = instance.wanted === 'up' ? 'completed' : 'stopped';
}

function stopped(instance: InstanceState): void {
  gone(instance);
  instance.phase = 'stopped';
  instance.action = null;
  clearHold(instance);
}

function gone(instance: InstanceState): void {
  instance.pid = null;
  instance.port = null;
  instance.startedAt = null;
  instance.readyAt = null;
  instance.suspected = false;
  instance.confirmed = null;
  instance.stale = false;
  instance.hurry = false;
}
