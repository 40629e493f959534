/**
 * Timers live in the state; the shell sends `timer` when the earliest is due. Their names:
 * `backoff:INSTANCE`, `confirm:INCIDENT`, `recheck:INCIDENT`, `slow:INCIDENT`, `verify:INCIDENT`,
 * `effect:ACTION`, `stop:INSTANCE` (again), `group:SERVICE` (looked at again), `doubt:SERVICE`
 * (whether its primary answers is asked again), `maintenance:SERVICE` and `healthy:SERVICE` (its
 * maintenance ends).
 */
import type { ActionId, ComponentId, IncidentId, InstanceId } from '../model/ids.ts';
import { endWaits, onBackOffOver } from './act.ts';
import { earliest } from './earliest.ts';
import { reconcile } from './lifecycle.ts';
import { onMaintenanceDue } from './maintenance.ts';
import { onNeverReady } from './outages.ts';
import { judgeEffect, onProofDue } from './outcomes.ts';
import type { EngineState } from './state.ts';
import { followsUntil } from './treatment.ts';
import type { Turn } from './turn.ts';

/** The timer that is due first; null: none is set, or the look after a start is not over. */
export function nextTimer(state: EngineState): { timer: string; due: number } | null {
  if (state.looking) return null;
  return earliest(state.timers);
}

export function onTimer(turn: Turn, timer: string): void {
  const due = turn.state.timers[timer];
  if (due === undefined || due > turn.at || turn.state.looking) return;
  turn.emit({ kind: 'timer-cleared', timer });
  const colon = timer.indexOf(':');
  const subject = timer.slice(colon + 1);
  switch (timer.slice(0, colon)) {
    case 'backoff': {
      const incident = onBackOffOver(turn, subject);
      if (incident !== null) turn.touch(incident);
      return;
    }
    case 'stop':
      reconcile(turn, subject as InstanceId);
      return;
    case 'confirm':
      turn.touch(subject as IncidentId);
      return;
    case 'recheck':
      onRecheck(turn, subject as IncidentId);
      return;
    case 'slow':
      onSlowTry(turn, subject as IncidentId);
      return;
    case 'verify':
      onProofDue(turn, subject as IncidentId);
      return;
    case 'group':
    case 'doubt':
      turn.pursue(subject);
      return;
    case 'maintenance':
    case 'healthy':
      onMaintenanceDue(turn, subject, timer.startsWith('healthy:'));
      return;
    case 'effect':
      onEffectDue(turn, subject as ActionId);
      return;
  }
}

function onEffectDue(turn: Turn, action: ActionId): void {
  const neverReady = judgeEffect(turn, action);
  if (neverReady !== null) onNeverReady(turn, neverReady);
}

/** What was waited for has had its time: decide again with what is known now. */
function onRecheck(turn: Turn, id: IncidentId): void {
  const incident = turn.state.incidents[id];
  if (incident === undefined || incident.state === 'resolved') return;
  const patient = new Map<ComponentId, number>();
  for (const { symptom, ended } of incident.symptoms) {
    const until = ended === null ? followsUntil(turn, symptom) : 0;
    if (until > turn.at) patient.set(symptom.component, until);
  }
  const waiting = incident.actions.filter(
    (one) => one.planned.kind === 'wait' && one.outcome === null,
  );
  for (const target of new Set(waiting.map((one) => one.planned.target))) {
    if (!patient.has(target)) endWaits(turn, incident, target, 'unknown', 'looked at again');
  }
  if (patient.size > 0) turn.setTimer(`recheck:${id}`, Math.min(...patient.values()));
  turn.touch(id);
}

/** A person is needed and none came yet: one try. */
function onSlowTry(turn: Turn, id: IncidentId): void {
  const incident = turn.state.incidents[id];
  if (incident?.state !== 'needs-person') return;
  turn.emit({ kind: 'slow-try', incident: id });
  turn.touch(id);
}

/** A person is needed, and may have come: one try, at once. */
export function onProgramChanged(turn: Turn, instance: InstanceId): void {
  for (const id of [...turn.state.open]) {
    const incident = turn.state.incidents[id];
    if (incident?.state !== 'needs-person' || !incident.needs.includes(instance)) continue;
    turn.emit({ kind: 'slow-try', incident: id, changed: instance });
    turn.touch(id);
  }
}

/** Time-outs that ran while the controller slept prove nothing: they get that time again. */
export function onSlept(turn: Turn, ms: number): void {
  turn.emit({ kind: 'slept', ms });
  for (const [timer, due] of Object.entries(turn.state.timers)) {
    const punishes = timer.startsWith('effect:') || timer.startsWith('confirm:');
    if (punishes) turn.setTimer(timer, due + ms);
  }
}
