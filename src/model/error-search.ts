/** Which errors are shown to whom asks for some of them. */
import type { ErrorRecord } from './error-record.ts';
import { serviceOf } from './ids.ts';
import type { IncidentView } from './view.ts';

/** Errors of so long before the onset may tell of its cause. */
const beforeOnsetMs = 60_000;

/** A muted one is muted whoever has seen to it. */
export const errorStates = ['new', 'acknowledged', 'muted'] as const;
export type ErrorState = (typeof errorStates)[number];

export interface ErrorFilter {
  /** Each of its words is somewhere in what is shown of the error; case does not matter. */
  readonly search?: string | undefined;
  /** Absent: all but the muted. */
  readonly state?: ErrorState | 'all' | undefined;
  /** A service, or an instance. */
  readonly of?: string | undefined;
  /** Those that belong to it, muted ones too unless a state is given. */
  readonly incident?: IncidentView | undefined;
}

export function stateOf(error: ErrorRecord): ErrorState {
  if (error.muted !== null) return 'muted';
  return error.acknowledgedBy === null ? 'new' : 'acknowledged';
}

export function isWanted(error: ErrorRecord, filter: ErrorFilter): boolean {
  const { search = '', state, of, incident } = filter;
  const { service, instance } = error.origin;
  if (!isInState(error, state ?? (incident === undefined ? 'shown' : 'all'))) return false;
  if (of !== undefined && service !== of && instance !== of) return false;
  if (incident !== undefined && !belongsTo(error, incident)) return false;
  const text = textOf(error);
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function isInState(error: ErrorRecord, wanted: ErrorState | 'all' | 'shown'): boolean {
  if (wanted === 'all') return true;
  return wanted === 'shown' ? error.muted === null : stateOf(error) === wanted;
}

/** It was linked to it, or it began or was last seen around it at one of the services involved. */
function belongsTo(error: ErrorRecord, incident: IncidentView): boolean {
  if (error.incidents.some((link) => link.incident === incident.id)) return true;
  const { service } = error.origin;
  if (service === null) return false;
  const components = incident.symptoms.map(({ component }) => component);
  if (!components.some((component) => serviceOf(component) === service)) return false;
  const from = incident.onset - beforeOnsetMs;
  const to = incident.resolved ?? Number.POSITIVE_INFINITY;
  return [error.firstSeen, error.lastSeen].some((at) => at >= from && at <= to);
}

function textOf({ id, code, message, origin, source, release }: ErrorRecord): string {
  const { service, instance, host, role } = origin;
  const parts = [id, code, message, service, instance, host, role, source, release];
  return parts
    .filter((part) => part !== null && part !== undefined)
    .join('\n')
    .toLowerCase();
}
