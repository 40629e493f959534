/** One instance behind an endpoint: its open connections, and whether it is worth trying. */
import type { RouteTarget } from '../model/command.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { EndpointStats } from '../ports/endpoints.ts';

const firstSkipMs = 100;
const longestSkipMs = 5_000;
const connectTimesKept = 1_000;

/** An open connection through the endpoint. */
export interface OpenConnection {
  /** Something may be under way. */
  readonly isBusy: boolean;
  /** Closes both sides at once, such that both notice. */
  cut(): void;
  /** Closes it if nothing is under way. Called now and then, as long as it is to be closed. */
  closeIdle(nowMs: number): void;
}

export class Target {
  readonly instance: InstanceId;
  readonly port: number;
  state: RouteTarget['state'];
  readonly #open = new Set<OpenConnection>();
  #accepted = 0;
  #refused = 0;
  #skipUntil = 0;
  #skipMs = 0;
  #connectMs: number[] = [];
  #drain: NodeJS.Timeout | null = null;
  #onEmpty: (() => void)[] = [];

  constructor(route: RouteTarget) {
    this.instance = route.instance;
    this.port = route.port;
    this.state = route.state;
  }

  get skipUntil(): number {
    return this.#skipUntil;
  }

  get connections(): number {
    return this.#open.size;
  }

  /** Connections that may have something under way. */
  get busy(): number {
    let busy = 0;
    for (const connection of this.#open) if (connection.isBusy) busy++;
    return busy;
  }

  closeIdle(nowMs: number): void {
    for (const connection of [...this.#open]) connection.closeIdle(nowMs);
  }

  opened(connection: OpenConnection, tookMs: number): void {
    this.#open.add(connection);
    this.#accepted++;
    this.forgive();
    if (this.#connectMs.length < connectTimesKept) this.#connectMs.push(tookMs);
  }

  closed(connection: OpenConnection): void {
    if (!this.#open.delete(connection) || this.#open.size > 0) return;
    const waiting = this.#onEmpty;
    this.#onEmpty = [];
    for (const resolve of waiting) resolve();
  }

  /** It took no connection: others are tried first for a while, longer each time. */
  refused(now: number): void {
    this.#refused++;
    this.#skipMs = Math.min(longestSkipMs, Math.max(firstSkipMs, this.#skipMs * 2));
    this.#skipUntil = now + this.#skipMs;
  }

  /** The controller has looked at it since: it is tried as any other. */
  forgive(): void {
    this.#skipMs = 0;
    this.#skipUntil = 0;
  }

  /** From the first call on, connections have `drainMs` to end. */
  drain(drainMs: number): void {
    this.#drain ??= setTimeout(() => this.cut(), drainMs);
  }

  /** It serves again. */
  undrain(): void {
    if (this.#drain !== null) clearTimeout(this.#drain);
    this.#drain = null;
  }

  /** Closes all connections. */
  cut(): void {
    for (const connection of [...this.#open]) connection.cut();
  }

  /** Resolves when no connection is open. */
  empty(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** Connect times begin anew with each call. */
  stats(service: ServiceName): EndpointStats {
    const times = this.#connectMs.sort((a, b) => a - b);
    const median = times[times.length >> 1];
    this.#connectMs = [];
    return {
      service,
      instance: this.instance,
      connections: this.#open.size,
      accepted: this.#accepted,
      refused: this.#refused,
      connectSeconds: median === undefined ? null : median / 1_000,
    };
  }
}
