/** One instance behind an endpoint: its connections, whether it answers, and what is told of it. */
import type { RouteTarget } from '../../model/command.ts';
import type { InstanceId, ServiceName } from '../../model/ids.ts';
import type { EndpointStats } from '../../ports/endpoints.ts';
import { Latencies } from './latency.ts';
import { Liveness } from './liveness.ts';

/** A connection to the instance. */
export interface InstanceConnection {
  /** When it was last used; of a clock that doesn't go back. */
  readonly idleSinceMs: number;
  /** How long the instance may be relied upon to keep it open. */
  readonly idleLimitMs: number;
  readonly isUsable: boolean;
  /** Ends what it carries, too. */
  cut(): void;
}

const connectTimesKept = 1_000;
const quantiles = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;

export class HttpInstance<Connection extends InstanceConnection> {
  readonly id: InstanceId;
  readonly port: number;
  readonly liveness = new Liveness();
  state: RouteTarget['state'];
  weight: number;
  /** Of the smooth weighted round robin. */
  credit = 0;
  readonly #busy = new Set<Connection>();
  #idle: Connection[] = [];
  #drain: NodeJS.Timeout | null = null;
  #onEmpty: (() => void)[] = [];
  #accepted = 0;
  #refused = 0;
  #requests = 0;
  #unanswered = 0;
  #statusClasses = [0, 0, 0, 0, 0];
  #connectTimes: number[] = [];
  readonly #latencies = new Latencies();

  constructor(route: RouteTarget) {
    this.id = route.instance;
    this.port = route.port;
    this.state = route.state;
    this.weight = route.weight ?? 1;
  }

  /** Requests and upgraded connections that are there just now. */
  get inUse(): number {
    return this.#busy.size;
  }

  /** The one used last, if it was used within `idleMs`. */
  takeIdle(nowMs: number, idleMs: number): Connection | null {
    for (let next = this.#idle.pop(); next !== undefined; next = this.#idle.pop()) {
      if (!next.isUsable) continue;
      if (nowMs - next.idleSinceMs <= Math.min(idleMs, next.idleLimitMs)) return next;
      this.#idle.push(next);
      return null;
    }
    return null;
  }

  use(connection: Connection, nowMs: number): void {
    this.#busy.add(connection);
    this.#requests += 1;
    this.liveness.sent(nowMs);
  }

  connected(tookMs: number): void {
    this.#accepted += 1;
    if (this.#connectTimes.length < connectTimesKept) this.#connectTimes.push(tookMs);
  }

  refused(nowMs: number): void {
    this.#refused += 1;
    this.liveness.putOut(nowMs, 'refused');
  }

  /** A request left without a byte of an answer. */
  gaveUp(): void {
    this.#unanswered += 1;
  }

  answered(nowMs: number, tookMs: number): void {
    this.liveness.answered(nowMs, tookMs);
    this.#latencies.add(tookMs);
  }

  countStatus(status: number): void {
    const index = Math.floor(status / 100) - 1;
    this.#statusClasses[index] = (this.#statusClasses[index] ?? 0) + 1;
  }

  /** The connection is free: to be used again, unless it is `ended`. */
  release(connection: Connection, how: 'idle' | 'ended'): void {
    if (how === 'idle' && this.state === 'serving') this.#idle.push(connection);
    else if (how === 'idle') connection.cut();
    if (!this.#busy.delete(connection) || this.#busy.size > 0) return;
    const waiting = this.#onEmpty;
    this.#onEmpty = [];
    for (const resolve of waiting) resolve();
  }

  /** Ends connections that were idle for too long. */
  prune(nowMs: number): void {
    const isOld = (one: Connection) => nowMs - one.idleSinceMs > one.idleLimitMs;
    if (!this.#idle.some((one) => !one.isUsable || isOld(one))) return;
    for (const one of this.#idle) if (isOld(one)) one.cut();
    this.#idle = this.#idle.filter((one) => one.isUsable);
  }

  /** From the first call on, what is under way has `drainMs` to end. */
  drain(drainMs: number): void {
    this.closeIdle();
    this.#drain ??= setTimeout(() => this.cut(), drainMs);
  }

  /** It serves again. */
  undrain(): void {
    if (this.#drain !== null) clearTimeout(this.#drain);
    this.#drain = null;
  }

  closeIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const connection of idle) connection.cut();
  }

  cut(): void {
    this.closeIdle();
    for (const connection of [...this.#busy]) connection.cut();
  }

  /** Resolves when nothing is under way. */
  empty(): Promise<void> {
    if (this.#busy.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** Times begin anew with each call. */
  stats(service: ServiceName): EndpointStats {
    const times = this.#connectTimes.sort((a, b) => a - b);
    const medianMs = times[times.length >> 1];
    this.#connectTimes = [];
    const seconds = (q: number) => {
      const ms = this.#latencies.quantile(q);
      return ms === null ? null : ms / 1_000;
    };
    const latencySeconds = {
      p50: seconds(quantiles.p50),
      p95: seconds(quantiles.p95),
      p99: seconds(quantiles.p99),
    };
    this.#latencies.clear();
    const [s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0] = this.#statusClasses;
    return {
      service,
      instance: this.id,
      connections: this.#busy.size,
      accepted: this.#accepted,
      refused: this.#refused,
      connectSeconds: medianMs === undefined ? null : medianMs / 1_000,
      http: {
        requests: this.#requests,
        statusClasses: { '1xx': s1, '2xx': s2, '3xx': s3, '4xx': s4, '5xx': s5 },
        unanswered: this.#unanswered,
        latencySeconds,
      },
    };
  }
}
