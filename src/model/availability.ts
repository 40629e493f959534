/** How much of the time services were there; made from the event log by `src/availability`. */
import type { IncidentId, ServiceName } from './ids.ts';

/** The windows that figures are given for, in milliseconds until now. */
export const availabilityWindows = {
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
} as const;
export type AvailabilityWindow = keyof typeof availabilityWindows;

/**
 * What an outage came of.
 * - `drill`: its incident has a symptom of an instance that was being drilled.
 * - `maintenance`: it began while the service was under maintenance.
 * - `request`: a person asked for what began it, such as a restart of the only instance.
 */
export type OutageCause = 'fault' | 'drill' | 'maintenance' | 'request';

/** A time without any instance that serves, though the service was wanted and had served. */
export interface Outage {
  /** Stack times; `until` null: it goes on. */
  readonly from: number;
  readonly until: number | null;
  readonly cause: OutageCause;
  /** Null: there was none, as when a person asked for it. */
  readonly incident: IncidentId | null;
}

export interface AvailabilityFigures {
  /** Since when it is counted: the beginning of the window, or of what is known. */
  readonly from: number;
  /** upMs / (upMs + downMs), 0 to 1; null: neither. */
  readonly availability: number | null;
  readonly upMs: number;
  readonly downMs: number;
  /** Outages that began in the window, or went on at its beginning. */
  readonly outages: number;
  /** Mean time to detect: from an incident's onset (its first symptom began) until it was noticed
   * (the `incident-opened` or `incident-reopened` record). Null: none began in the window. */
  readonly mttdMs: number | null;
  /** Mean time to recover: from onset until its symptoms were over (`incident-verifying`, which the
   * `incident-resolved` after it verified). Of those resolved; null: none was. */
  readonly mttrMs: number | null;
  /** Mean time between failures: upMs by the outages that a fault began in the window. Null: there
   * was none. */
  readonly mtbfMs: number | null;
}

export interface ServiceAvailability {
  readonly service: ServiceName;
  readonly state: 'up' | 'down' | 'uncounted';
  /** Since when it is known. */
  readonly since: number;
  readonly windows: Readonly<Record<AvailabilityWindow, AvailabilityFigures>>;
  /** Of the last 30 days, newest first, so many as are kept. */
  readonly outages: readonly Outage[];
  /** When it was not wanted, or had not served yet since it was: counts neither way. */
  readonly uncounted: readonly { readonly from: number; readonly until: number }[];
}

export interface AvailabilityReport {
  readonly at: number;
  /** The first record of the log that there still is. */
  readonly since: number;
  readonly services: readonly ServiceAvailability[];
}
