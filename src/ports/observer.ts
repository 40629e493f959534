/** Watches instances and tells the engine what it needs to know: readiness and symptoms. */

import type { ErrorReport } from '../model/error-record.ts';
import type { Happening } from '../model/event.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { Sample, SignalName } from '../model/sample.ts';
import type { HistoryQuery, SignalSeries } from '../model/signal-history.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';

export interface WatchedInstance {
  readonly instance: InstanceId;
  readonly service: ServiceSpec;
  readonly pid: number | null;
  readonly port: number | null;
  readonly startedAt: number;
  /** Another controller watched it before. */
  readonly adopted: boolean;
  /** Adopted: whether it had become ready; then it has no start period. Absent: it is taken to. */
  readonly wasReady?: boolean;
  /** Expands templates of checks. */
  expand(template: string): string;
  /** Environment and user for exec checks. */
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | null;
  /** Process ids of its tree, main first. */
  members(): Promise<readonly number[]>;
  /** The directory of its log, for patterns; null: it has none. */
  readonly logDir: string | null;
  /** Where in it this run began; absent: not known. */
  readonly logOffset?: number;
  /** Prints its log and goes on as new lines come; instead of `logDir`. */
  readonly logCommand?: readonly string[];
  /** `driver` and `sql` checks. Rejects with the reason when unhealthy. */
  driverCheck: ((timeoutMs: number) => Promise<void>) | null;
  sqlCheck: ((query: string, timeoutMs: number) => Promise<void>) | null;
}

export interface Observer {
  watch(watched: WatchedInstance): void;
  /** Its symptoms end silently: the engine knows that the instance is gone. */
  unwatch(instance: InstanceId): void;
  /** Checks now; each answers with a `confirmed` happening, by timeoutMs at the latest. */
  confirm(instances: readonly InstanceId[], timeoutMs: number): void;
  /** Whoever sends it requests has reason to doubt it: told as `suspect` until a check passes, the
   * first of which is made now. */
  suspect(instance: InstanceId): void;
  /** Our own process was paused for so long: checks under way prove nothing. */
  slept(ms: number): void;
  /** Measured elsewhere (endpoint statistics, restarts). */
  add(samples: readonly Sample[]): void;
  /** What was added is not known any more. */
  forget(signals: readonly Pick<Sample, 'component' | 'signal'>[]): void;
  /** Latest value of each signal, or of these. */
  latest(service?: ServiceName, names?: readonly SignalName[]): readonly Sample[];
  /** How signals went. */
  history(query: HistoryQuery): Promise<readonly SignalSeries[]>;
  onHappening(listener: (happening: Happening) => void): void;
  onError(listener: (report: ErrorReport) => void): void;
  close(): Promise<void>;
}
