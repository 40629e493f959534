/** What the API process needs of the running stack; the command line's client gives it. */
import type { ErrorDetail, ErrorMark, ErrorRecord } from '../../model/error-record.ts';
import type { PersonRequest } from '../../model/event.ts';
import type { InstanceId, ServiceName } from '../../model/ids.ts';
import type { IncidentLog } from '../../model/incident-log.ts';
import type { Knowledge, KnowledgeView } from '../../model/knowledge.ts';
import type { NotificationTarget, TestedTarget } from '../../model/notification.ts';
import type { StoredRecord } from '../../model/record.ts';
import type { PointId, RestorePlan, RestoreTarget } from '../../model/recovery-point.ts';
import type { Sample, SignalName } from '../../model/sample.ts';
import type { HistoryQuery, SignalSeries } from '../../model/signal-history.ts';
import type { IncidentView, StackView } from '../../model/view.ts';
import type { Configuration, PointJob } from '../../ports/controller-api.ts';
import type { MadePoint } from '../../ports/vault.ts';
import type { JobResults } from '../../ports/vault-job.ts';

/** Calls wait for a controller that is being started again. */
export interface StackLink {
  /** Null: no controller answers just now. */
  version(): Promise<{ readonly version: string; readonly pid: number } | null>;
  stack(): Promise<StackView>;
  configuration(): Promise<Configuration>;
  /** Newest first. */
  incidents(limit: number): Promise<readonly IncidentView[]>;
  incident(id: string): Promise<IncidentView>;
  incidentLogs(id: string): Promise<readonly IncidentLog[]>;
  records(after: number, limit: number): Promise<readonly StoredRecord[]>;
  errors(limit: number): Promise<readonly ErrorRecord[]>;
  signals(names?: readonly SignalName[]): Promise<readonly Sample[]>;
  /** How signals went. */
  history(query: HistoryQuery): Promise<readonly SignalSeries[]>;
  /** Rejects with NOT_FOUND. */
  error(id: string): Promise<ErrorDetail>;
  /** Rejects with NOT_FOUND, BAD_REQUEST. */
  markError(id: string, mark: ErrorMark, by: string): Promise<void>;
  request(by: string, request: PersonRequest): Promise<string>;
  knowledge(): Promise<Knowledge>;
  learned(): Promise<KnowledgeView>;
  importKnowledge(by: string, knowledge: unknown): Promise<string>;
  resetKnowledge(by: string): Promise<string>;
  /** Who is told of incidents. */
  notifications(): Promise<readonly NotificationTarget[]>;
  /** Null: to all of them. */
  testNotifications(by: string, target: string | null): Promise<readonly TestedTarget[]>;
  /** Of services with recovery points. */
  points(service: ServiceName): Promise<JobResults['list']>;
  pointJobs(): Promise<readonly PointJob[]>;
  makePoint(service: ServiceName, name: string | null): Promise<MadePoint>;
  drillPoint(
    service: ServiceName,
    point: PointId | null,
    identity: string | null,
  ): Promise<JobResults['drill']>;
  verifyPoints(
    service: ServiceName,
    point: PointId | null,
    identity: string | null,
  ): Promise<JobResults['verify']>;
  prunePoints(
    service: ServiceName,
    how: { readonly dryRun: boolean; readonly consent: boolean },
  ): Promise<JobResults['prune']>;
  planRestore(service: ServiceName, target: RestoreTarget): Promise<RestorePlan>;
  /** Each record after `after` as it comes, over restarts of the controller; ends with the signal,
   * or when Daruma ends. */
  follow(after: number, signal: AbortSignal): AsyncIterable<StoredRecord>;
}

export interface LogLine {
  readonly text: string;
  /** Of its first byte, and of the one after it. */
  readonly offset: number;
  readonly next: number;
}

/** Where the output of an instance is read. */
export interface LogSource {
  read(
    instance: InstanceId,
    options: {
      readonly tail?: number;
      readonly sinceOffset?: number;
      readonly follow?: boolean;
      readonly signal?: AbortSignal;
    },
  ): AsyncIterable<LogLine>;
}
