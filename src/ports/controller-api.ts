/** What the controller offers to the server (API and CLI). */
import type { ErrorDetail, ErrorMark, ErrorRecord, ErrorReport } from '../model/error-record.ts';
import type { PersonRequest } from '../model/event.ts';
import type { IncidentId, InstanceId, ServiceName } from '../model/ids.ts';
import type { IncidentLog } from '../model/incident-log.ts';
import type { Knowledge, KnowledgeView } from '../model/knowledge.ts';
import type { StoredRecord } from '../model/record.ts';
import type { PointId, RestorePlan, RestoreTarget } from '../model/recovery-point.ts';
import type { Sample, SignalName } from '../model/sample.ts';
import type { HistoryQuery, SignalSeries } from '../model/signal-history.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { IncidentView, StackView } from '../model/view.ts';
import type { Notifier } from './notifier.ts';
import type { MadePoint } from './vault.ts';
import type { JobResults, JobWork } from './vault-job.ts';

export type DrillFault =
  | { readonly kind: 'signal'; readonly instance: InstanceId; readonly signal: string }
  /** A process put into the instance's tree that takes memory at this rate; ends with the tree. */
  | { readonly kind: 'leak'; readonly instance: InstanceId; readonly bytesPerSecond: number };

/** The stack file as it was read. */
export interface Configuration {
  readonly spec: StackSpec;
  /** Absolute paths of the files that it was made from, with the SHA-256 of what they held; null:
   * there was no such file. */
  readonly sources: Readonly<Record<string, string | null>>;
  /** Wall-clock milliseconds. */
  readonly readAt: number;
}

/** Work on recovery points that goes on now. */
export interface PointJob {
  readonly service: ServiceName;
  readonly work: JobWork['kind'];
  readonly since: number;
  /** Empty: it has not told yet. */
  readonly stage: string;
  readonly bytes: number;
  readonly total: number | null;
}

/** Each rejects with NOT_FOUND for a service without recovery points. */
export interface PointsApi {
  underWay(): readonly PointJob[];
  make(service: ServiceName, name: string | null): Promise<MadePoint>;
  list(service: ServiceName): Promise<JobResults['list']>;
  /** `now`: wall-clock milliseconds. */
  plan(service: ServiceName, target: RestoreTarget, now: number): Promise<RestorePlan>;
  /** Null: the newest; by the keys that the stack file names. */
  drill(
    service: ServiceName,
    point: PointId | null,
    identity: string | null,
  ): Promise<JobResults['drill']>;
  /** Null: everything. */
  verify(
    service: ServiceName,
    point: PointId | null,
    identity: string | null,
  ): Promise<JobResults['verify']>;
  prune(
    service: ServiceName,
    how: { readonly dryRun: boolean; readonly consent: boolean },
  ): Promise<JobResults['prune']>;
}

export interface ControllerApi {
  view(): StackView;
  /** What the stack runs by. */
  configuration(): Configuration;
  /** Newest first. */
  incidents(limit: number): readonly IncidentView[];
  /** Null: no such incident is kept. */
  incident(id: IncidentId): IncidentView | null;
  /** Where the logs of the instances concerned ended when it began; none: that isn't known. */
  incidentLogs(id: IncidentId): readonly IncidentLog[];
  /** Stored records after a sequence number, oldest first. */
  records(afterSeq: number, limit: number): Promise<readonly StoredRecord[]>;
  /** Each record once it is durable (or marked unrecorded); returns how to stop. */
  follow(listener: (record: StoredRecord) => void): () => void;
  /** Resolves when the engine replies; rejects with its error. `by`: who asks. */
  request(by: string, request: PersonRequest): Promise<string>;
  /** What was learned, up to now. */
  knowledge(): Knowledge;
  learned(): KnowledgeView;
  signals(service?: ServiceName, names?: readonly SignalName[]): readonly Sample[];
  /** How signals went, for an hour by the second and for a week by the minute. */
  history(query: HistoryQuery): Promise<readonly SignalSeries[]>;
  /** The most recently seen first, muted ones too. */
  errors(limit: number): Promise<readonly ErrorRecord[]>;
  /** Null: no such error is kept. */
  error(id: string): Promise<ErrorDetail | null>;
  /** Resolves when it is done and in the event log; false: no such error is kept. Rejects with
   * BAD_REQUEST when a mute would end in the past. */
  markError(id: string, mark: ErrorMark, by: string): Promise<boolean>;
  reportError(report: ErrorReport): void;
  readonly points: PointsApi;
  /** Messages to people. */
  readonly notifications: Pick<Notifier, 'targets' | 'test'>;
  /** Resolves with the process that brings it about, if there is one. Rejects with NOT_FOUND when
   * the instance doesn't run. */
  inject(fault: DrillFault): Promise<number | null>;
  /** Ends the controller and its keeper; instances and endpoints go on. */
  detach(): Promise<void>;
  readonly version: string;
  readonly pid: number;
}
