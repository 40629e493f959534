/**
 * Maintenance of a service: it is watched, located and planned as ever, and nothing is done to it
 * by itself, for a time or until it is healthy.
 *
 * 1. It ends by itself: always by a timer, and before that when it is healthy, if so wanted.
 * 2. What was begun before is brought to its end; what was only planned is not begun. A primary
 *    and its standbys go on agreeing on who is which, and writes go on (F4).
 * 3. What people ask for is done.
 */
import type { PersonRequest } from '../model/event.ts';
import { type ServiceName, serviceOf } from '../model/ids.ts';
import { isObserved } from './lifecycle.ts';
import { isHealthy, isUnderMaintenance } from './maintenance-state.ts';
import { type Answer, done, refused } from './replies.ts';
import type { IncidentState } from './state.ts';
import type { Turn } from './turn.ts';

/** At the longest, when nothing but its health is to end it. */
const untilHealthyMaxMs = 24 * 3_600_000;
/** It has to stay healthy for so long. */
const healthyMs = 10_000;

type Request = Extract<PersonRequest, { readonly kind: 'maintenance' | 'maintenance-end' }>;

export function onMaintenanceRequest(turn: Turn, by: string, request: Request): Answer {
  const { service } = request;
  const known = turn.state.services[service];
  if (known === undefined || known.removed) {
    const there = `there are: ${turn.state.order.join(', ')}`;
    return refused('NOT_FOUND', `no service «${service}»; ${there}`);
  }
  if (request.kind === 'maintenance') return begin(turn, by, request);
  if (!isUnderMaintenance(turn.state, service))
    return refused('REFUSED', `${service} is not under maintenance`);
  end(turn, service, { by, reason: `${by} ended it` });
  return done(`the maintenance of ${service} is over`);
}

function begin(
  turn: Turn,
  by: string,
  { service, forMs, untilHealthy }: Request & { readonly kind: 'maintenance' },
): Answer {
  if (isObserved(turn, service))
    return refused('REFUSED', `${service} is in observe mode: nothing is done to it anyway`);
  const until = turn.at + (forMs ?? untilHealthyMaxMs);
  turn.emit({ kind: 'maintenance-began', service, by, until, untilHealthy });
  awaitHealth(turn, service);
  return done(`${service} is under maintenance: watched, and not acted on`);
}

function end(
  turn: Turn,
  service: ServiceName,
  how: { readonly by: string | null; readonly reason: string },
): void {
  turn.emit({ kind: 'maintenance-ended', service, ...how });
  for (const id of [...turn.state.open]) {
    const incident = turn.state.incidents[id];
    if (incident !== undefined && concerns(incident, service)) turn.touch(id);
  }
}

function concerns({ symptoms }: IncidentState, service: ServiceName): boolean {
  return symptoms.some((one) => one.ended === null && serviceOf(one.symptom.component) === service);
}

export function onMaintenanceDue(turn: Turn, service: ServiceName, healthy: boolean): void {
  if (!isUnderMaintenance(turn.state, service)) return;
  const reason = healthy ? `${service} is healthy` : 'its time is over';
  end(turn, service, { by: null, reason });
}

/** After a start of the controller: its timer may have been cleared, and nothing more recorded. */
export function resumeMaintenance(turn: Turn, service: ServiceName): void {
  const maintenance = turn.state.services[service]?.maintenance;
  const timer = `maintenance:${service}`;
  if (maintenance !== undefined && turn.state.timers[timer] === undefined)
    turn.setTimer(timer, Math.max(turn.at, maintenance.until));
  awaitHealth(turn, service);
}

/** Something of the service changed: it may have become healthy, or be so no more. */
export function awaitHealth(turn: Turn, service: ServiceName): void {
  const maintenance = turn.state.services[service]?.maintenance;
  if (maintenance?.untilHealthy !== true) return;
  const timer = `healthy:${service}`;
  if (!maintenance.wasIll || !isHealthy(turn.state, service)) turn.clearTimer(timer);
  else if (turn.state.timers[timer] === undefined) turn.setTimer(timer, turn.at + healthyMs);
}
