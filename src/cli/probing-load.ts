/**
 * A light load during a drill: a new connection each 20 ms to a service's endpoint, so that what
 * people would have noticed is counted.
 */
import { connect } from 'node:net';
import { request as httpRequest } from '../ports/http.ts';

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  /** Path to ask for, where the service speaks HTTP; null: only connect. */
  readonly path: string | null;
}

export interface LoadFigures {
  readonly sent: number;
  readonly failed: number;
  /** From the first failed request to the end of the last; null: none failed. */
  readonly failedForMs: number | null;
  /** Of the answered ones; null: none was. */
  readonly slowestMs: number | null;
}

const everyMs = 20;
const timeoutMs = 5_000;
/** An endpoint without an instance behind it closes at once; one that stays open is served. */
const servedAfterMs = 50;

export class ProbingLoad {
  readonly #target: ProbeTarget;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  #sent = 0;
  #failed = 0;
  #firstFailure: number | null = null;
  #lastFailure = 0;
  #slowestMs: number | null = null;

  constructor(target: ProbeTarget) {
    this.#target = target;
    this.#timer = setInterval(() => this.#send(), everyMs);
  }

  /** Waits for the answers still due. */
  async stop(): Promise<LoadFigures> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    const first = this.#firstFailure;
    return {
      sent: this.#sent,
      failed: this.#failed,
      failedForMs: first === null ? null : this.#lastFailure - first,
      slowestMs: this.#slowestMs,
    };
  }

  #send(): void {
    this.#sent += 1;
    const begun = performance.now();
    const { path } = this.#target;
    const probe = path === null ? probeTcp(this.#target) : probeHttp(this.#target, path);
    const settled = probe
      .then((served) => this.#count(served, begun))
      .finally(() => this.#open.delete(settled));
    this.#open.add(settled);
  }

  #count(served: boolean, begun: number): void {
    const now = performance.now();
    if (served) {
      this.#slowestMs = Math.max(this.#slowestMs ?? 0, now - begun);
      return;
    }
    this.#failed += 1;
    this.#firstFailure ??= begun;
    this.#lastFailure = now;
  }
}

/** Whether it was answered, and not with a server error. */
function probeHttp({ host, port }: ProbeTarget, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const call = httpRequest({ host, port, path, agent: false, signal }, (response) => {
      response.resume();
      response.on('end', () => resolve((response.statusCode ?? 500) < 500));
      response.on('error', () => resolve(false));
    });
    call.on('error', () => resolve(false)).end();
  });
}

function probeTcp({ host, port }: ProbeTarget): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (served: boolean): void => {
      socket.destroy();
      resolve(served);
    };
    socket.on('connect', () => setTimeout(() => end(true), servedAfterMs));
    for (const event of ['error', 'end', 'timeout']) socket.on(event, () => end(false));
  });
}
