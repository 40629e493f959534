/** Asks the running controller, over its socket. */
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { ErrorDetail, ErrorMark, ErrorRecord } from '../model/error-record.ts';
import { DarumaError, type ErrorCode, errorTable } from '../model/errors.ts';
import type { PersonRequest } from '../model/event.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { IncidentLog } from '../model/incident-log.ts';
import type { Knowledge, KnowledgeView } from '../model/knowledge.ts';
import { type Layout, layout } from '../model/layout.ts';
import type { NotificationTarget, TestedTarget } from '../model/notification.ts';
import type { StoredRecord } from '../model/record.ts';
import type { RestorePlan, RestoreTarget } from '../model/recovery-point.ts';
import type { Sample, SignalName } from '../model/sample.ts';
import type { HistoryQuery, SignalSeries } from '../model/signal-history.ts';
import type { FaultKind } from '../model/symptom.ts';
import type { IncidentView, StackView } from '../model/view.ts';
import type { Configuration, DrillFault, PointJob } from '../ports/controller-api.ts';
import { request as httpRequest } from '../ports/http.ts';
import { lockHolder } from '../ports/lock.ts';
import { isAlive, type ProcessIdentity } from '../ports/process-identity.ts';
import { isReadOnly } from '../ports/read-only.ts';
import { socketPath } from '../ports/socket-path.ts';
import type { MadePoint } from '../ports/vault.ts';
import type { JobResults } from '../ports/vault-job.ts';
import type { Account } from './account.ts';
import { type Patience, patienceWith } from './patience.ts';

interface Answer {
  readonly message: string;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A controller that was killed is back well within this. */
const patienceMs = 15_000;
const retryMs = 50;
/** Asked twice, they come to the same. */
const repeatable: ReadonlySet<PersonRequest['kind']> = new Set([
  'up',
  'down',
  'start',
  'stop',
  'reset',
  'note',
]);

export class ControlClient implements Account {
  readonly #paths: Layout;
  /** The last one that was seen. */
  #keeper: ProcessIdentity | null = null;

  constructor(stateDir: string) {
    this.#paths = layout(stateDir);
  }

  /** A keeper lives: the controller answers, or will again. */
  isKept(): boolean {
    try {
      const holder = lockHolder(this.#paths.keeperLock);
      this.#keeper = holder ?? this.#keeper;
      return holder !== null;
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EACCES') return false;
      throw error;
    }
  }

  /** To wait for what the keeper starts, or for its own end. */
  patience(withinMs: number): Patience {
    return patienceWith(() => (this.isKept() ? (this.#keeper?.pid ?? null) : null), withinMs);
  }

  /** Resolves when no keeper lives any more and nothing of Daruma runs; else TIMED_OUT. */
  async ended(): Promise<void> {
    const patience = this.patience(patienceMs);
    while (this.isKept() || this.#stillEnds()) {
      if (patience.isOver) {
        throw new DarumaError('TIMED_OUT', 'everything is stopped, but Daruma itself does not end');
      }
      await pause(retryMs);
    }
  }

  /** A keeper lets go of its lock, and has its compiled code to keep before it ends. */
  #stillEnds(): boolean {
    return this.#keeper !== null && isAlive(this.#keeper);
  }

  /** Null: no controller answers just now. */
  async version(): Promise<{ readonly version: string; readonly pid: number } | null> {
    try {
      return (await this.#once({ method: 'GET', path: '/v1/version' })) as {
        version: string;
        pid: number;
      };
    } catch (error) {
      if (isUnreachable(error)) return null;
      throw error;
    }
  }

  stack(): Promise<StackView> {
    return this.#askAgain('GET', '/v1/stack');
  }

  async lastSeq(): Promise<number> {
    return (await this.stack()).seq;
  }

  /** What the stack runs by. */
  configuration(): Promise<Configuration> {
    return this.#askAgain('GET', '/v1/configuration');
  }

  incidents(limit: number): Promise<readonly IncidentView[]> {
    return this.#askAgain('GET', `/v1/incidents?limit=${limit}`);
  }

  incident(id: string): Promise<IncidentView> {
    return this.#askAgain('GET', `/v1/incidents/${encodeURIComponent(id)}`);
  }

  incidentLogs(id: string): Promise<readonly IncidentLog[]> {
    return this.#askAgain('GET', `/v1/incidents/${encodeURIComponent(id)}/logs`);
  }

  records(after: number, limit: number): Promise<readonly StoredRecord[]> {
    return this.#askAgain('GET', `/v1/records?after=${after}&limit=${limit}`);
  }

  errors(limit: number): Promise<readonly ErrorRecord[]> {
    return this.#askAgain('GET', `/v1/errors?limit=${limit}`);
  }

  /** The latest value of each, or of these. */
  signals(names?: readonly SignalName[]): Promise<readonly Sample[]> {
    const query = names === undefined ? '' : `?signals=${names.join(',')}`;
    return this.#askAgain('GET', `/v1/signals${query}`);
  }

  /** How signals went. */
  history({ of, from, to, signals }: HistoryQuery): Promise<readonly SignalSeries[]> {
    const query = new URLSearchParams({ of, from: String(from), to: String(to) });
    if (signals !== undefined) query.set('signals', signals.join(','));
    return this.#askAgain('GET', `/v1/signals/history?${query}`);
  }

  error(id: string): Promise<ErrorDetail> {
    return this.#askAgain('GET', `/v1/errors/${encodeURIComponent(id)}`);
  }

  markError(id: string, mark: ErrorMark, by: string): Promise<void> {
    const verb = mark.kind === 'acknowledge' ? 'ack' : mark.kind;
    const body = mark.kind === 'mute' ? { by, until: mark.until } : { by };
    return this.#ask('POST', `/v1/errors/${encodeURIComponent(id)}/${verb}`, body);
  }

  /** The signal ends the waiting for an answer, not what was asked for. */
  async request(by: string, request: PersonRequest, signal?: AbortSignal): Promise<string> {
    const kept = this.isKept();
    const path = '/v1/requests';
    try {
      const body = { by, request };
      const answer: { message: string } = repeatable.has(request.kind)
        ? await this.#askAgain('POST', path, body, signal)
        : await this.#ask('POST', path, body, signal);
      return answer.message;
    } catch (error) {
      const ended = kept && error instanceof DarumaError && error.code === 'NOT_RUNNING';
      if (request.kind === 'down' && ended) return 'the stack is down';
      throw error;
    }
  }

  pointJobs(): Promise<readonly PointJob[]> {
    return this.#askAgain('GET', '/v1/points/jobs');
  }

  points(service: ServiceName): Promise<JobResults['list']> {
    return this.#askAgain('GET', `/v1/points?service=${encodeURIComponent(service)}`);
  }

  planRestore(service: ServiceName, target: RestoreTarget): Promise<RestorePlan> {
    return this.#askAgain('POST', '/v1/points/plan', { service, target });
  }

  verifyPoints(
    service: ServiceName,
    point: string | null,
    identity: string | null,
  ): Promise<JobResults['verify']> {
    return this.#askAgain('POST', '/v1/points/verify', { service, point, identity });
  }

  makePoint(service: ServiceName, name: string | null): Promise<MadePoint> {
    return this.#ask('POST', '/v1/points', { service, name });
  }

  prunePoints(
    service: ServiceName,
    how: { readonly dryRun: boolean; readonly consent: boolean },
  ): Promise<JobResults['prune']> {
    return this.#ask('POST', '/v1/points/prune', { service, ...how });
  }

  drillPoint(
    service: ServiceName,
    point: string | null,
    identity: string | null,
  ): Promise<JobResults['drill']> {
    return this.#ask('POST', '/v1/points/drill', { service, point, identity });
  }

  notifications(): Promise<readonly NotificationTarget[]> {
    return this.#askAgain('GET', '/v1/notifications');
  }

  /** Null: to everybody. */
  testNotifications(by: string, target: string | null): Promise<readonly TestedTarget[]> {
    return this.#ask('POST', '/v1/notifications/test', { by, target });
  }

  knowledge(): Promise<Knowledge> {
    return this.#askAgain('GET', '/v1/knowledge');
  }

  learned(): Promise<KnowledgeView> {
    return this.#askAgain('GET', '/v1/learned');
  }

  /** `knowledge` is checked by the controller. */
  async importKnowledge(by: string, knowledge: unknown): Promise<string> {
    const answer: Answer = await this.#askAgain('POST', '/v1/knowledge', { by, knowledge });
    return answer.message;
  }

  async resetKnowledge(by: string): Promise<string> {
    const answer: Answer = await this.#askAgain('POST', '/v1/knowledge/reset', { by });
    return answer.message;
  }

  /** A fault is about to be brought about on purpose: what comes of it is known. */
  drillBegins(by: string, instance: InstanceId, fault: FaultKind): Promise<void> {
    return this.#ask('POST', '/v1/drill/begin', { by, instance, fault });
  }

  drillEnds(by: string, instance: InstanceId): Promise<void> {
    return this.#ask('POST', '/v1/drill/end', { by, instance });
  }

  /** Resolves with the process that brings it about, if there is one. */
  async drill(fault: DrillFault): Promise<number | null> {
    type Answer = { readonly pid: number | null } | undefined;
    // A controller of an earlier version says nothing.
    return (await this.#ask<Answer>('POST', '/v1/drill', fault))?.pid ?? null;
  }

  detach(): Promise<void> {
    return this.#ask('POST', '/v1/detach', {});
  }

  /**
   * Records after `after` as they come, over restarts of the controller. Ends when the signal
   * comes or when no keeper lives any more.
   */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<StoredRecord, void> {
    let last = after;
    while (!signal.aborted) {
      try {
        const response = await this.#open({
          method: 'GET',
          path: `/v1/follow?after=${last}`,
          signal,
        });
        const lines = createInterface(response);
        // Whoever reads is told; to one who has read enough it is nothing.
        lines.on('error', () => undefined);
        for await (const line of lines) {
          if (line === '') continue;
          const record: StoredRecord = JSON.parse(line);
          last = Math.max(last, record.seq);
          yield record;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isUnreachable(error)) throw error;
      }
      if (!this.isKept()) return;
      await pause(retryMs);
    }
  }

  /** Until a controller has answered; what breaks off half-way may have been carried out. */
  #ask<T>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
    return this.#until(isRefused, { method, path, body, signal });
  }

  /** Asked again also when it broke off: for what may be carried out twice. */
  #askAgain<T>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
    return this.#until(isUnreachable, { method, path, body, signal });
  }

  /** Again and again while a keeper lives that will bring the controller back. */
  async #until<T>(again: (error: unknown) => boolean, call: Call): Promise<T> {
    const patience = this.patience(patienceMs);
    for (;;) {
      try {
        return (await this.#once(call)) as T;
      } catch (error) {
        if (!again(error)) throw isUnreachable(error) ? brokenOff(call.path, error) : error;
        // It was there until now, however long it took.
        if (!isRefused(error)) patience.renew();
        if (!this.isKept()) throw new DarumaError('NOT_RUNNING', 'the stack is not running');
        if (patience.isOver) {
          throw new DarumaError('TIMED_OUT', 'the controller does not answer', { cause: error });
        }
      }
      await pause(retryMs);
    }
  }

  async #once(call: Call): Promise<unknown> {
    const response = await this.#open(call);
    const text = await textOf(response);
    if ((response.statusCode ?? 500) >= 400) throw problem(text);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** A controller that came while the file system was read-only has no socket of its own. */
  #wayIn(): string {
    const { runDir, controlSocket, relaySocket } = this.#paths;
    return isReadOnly(runDir) && existsSync(relaySocket) ? relaySocket : controlSocket;
  }

  #open({ method, path, body, signal }: Call): Promise<IncomingMessage> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const way = this.#wayIn();
      const socket = socketPath(dirname(way), basename(way));
      const options = { socketPath: socket, method, path, headers, agent: false as const };
      const call = httpRequest(signal === undefined ? options : { ...options, signal }, resolve);
      call.on('error', reject).end(payload);
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) text += part;
  return text;
}

function problem(text: string): DarumaError {
  const { code, detail }: { code: string; detail: string } = JSON.parse(text);
  return new DarumaError(code in errorTable ? (code as ErrorCode) : 'INTERNAL', detail);
}

function brokenOff(path: string, cause: unknown): DarumaError {
  return new DarumaError('TIMED_OUT', `the controller broke off ${path}; it may be done`, {
    cause,
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Nothing was sent. */
function isRefused(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(String(codeOf(error)));
}

function isUnreachable(error: unknown): boolean {
  return isRefused(error) || ['ECONNRESET', 'EPIPE'].includes(String(codeOf(error)));
}
