/** Symptoms: what was seen. Faults: what may be wrong. */
import type { ComponentId } from './ids.ts';

export const faultKinds = [
  'crash', // the process ended
  'hang', // alive, but no answer
  'slow', // answers, too late
  'overload', // more work than it can do
  'leak', // a resource grows without bound
  'disk', // full, failing or read-only
  'error', // a defect in the program
  'release', // a bad version
  'corruption', // data damaged
  'unreachable', // the network between
  'configuration', // can't run as it is set up
] as const;
export type FaultKind = (typeof faultKinds)[number];

/**
 * What a detector can see. The tables of `src/locate` say which fault shows which symptom.
 * - `exit`: the main process ended though it should run. `oom`: the kernel killed it for memory.
 * - `start-failed`: it could not be started at all (no such program, no such user, …).
 * - `health-timeout`, `health-refused`, `health-failed`: the check got no answer, no connection,
 *   or a wrong answer (status code, exit code, SQL error).
 * - `stopped`: the kernel says that the process is stopped (state T).
 * - `cpu`, `memory`, `disk`, `latency`, `descriptors`, `pressure`, `signal`: a user's expression
 *   over such signals holds; `disk` also: that of a database's data is full.
 * - `log`: a log pattern. `error`: errors that the application reports.
 * - `unready`: running, but never healthy since its start, beyond its start period.
 * - `io-error`, `read-only`: the kernel reports a failing device or a read-only remount.
 * - `integrity`: its data fails a check: a page, a checksum, an index.
 * - `recovery-point`: of a service as a whole: points are late, fail, or don't restore.
 * - `role`: with failover, it is not in the role that it is to have.
 */
export const symptomKinds = [
  'exit',
  'oom',
  'start-failed',
  'health-timeout',
  'health-refused',
  'health-failed',
  'unready',
  'stopped',
  'cpu',
  'memory',
  'disk',
  'latency',
  'descriptors',
  'pressure',
  'signal',
  'log',
  'error',
  'io-error',
  'read-only',
  'role',
  'integrity',
  'recovery-point',
] as const;
export type SymptomKind = (typeof symptomKinds)[number];

export interface Symptom {
  /** `component#name`: a symptom of one name at one component exists at most once at a time. */
  readonly id: string;
  readonly component: ComponentId;
  readonly kind: SymptomKind;
  /** `exit`, `health`, or the name in the stack file. */
  readonly name: string;
  /** Onset, stack time. For a check: when the first of the failures in a row was asked. */
  readonly began: number;
  /** For a person, such as «health check timed out 3×». */
  readonly evidence: string;
  /** Faults that the user says this may mean; empty: by the tables. */
  readonly faults: readonly FaultKind[];
}

export function symptomId(component: ComponentId, name: string): string {
  return `${component}#${name}`;
}
