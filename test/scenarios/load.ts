/** Load on an endpoint at a fixed rate, half of it on new and half on kept connections. */
import { Agent, type ClientRequest, get } from 'node:http';
import type { Socket } from 'node:net';

export interface Failure {
  readonly id: number;
  readonly beganAt: number;
  readonly error: string;
  /** The instance that its kept connection led to; null: its connection was a new one. */
  readonly boundTo: string | null;
}

const periodMs = 5;
const timeoutMs = 60_000;

export class Load {
  readonly failures: Failure[] = [];
  /** How many were answered, by instance. */
  readonly answered = new Map<string, number>();
  readonly #url: string;
  readonly #kept = new Agent({ keepAlive: true, maxSockets: 16 });
  readonly #fresh = new Agent({ keepAlive: false });
  readonly #bound = new WeakMap<Socket, string>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #last = 0;

  /** Begins at once, with 200 requests per second. */
  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/work`;
    this.#timer = setInterval(() => this.#begin(), periodMs);
  }

  get total(): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when all that was asked is answered or has failed. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#kept.destroy();
  }

  #begin(): void {
    this.#last += 1;
    const request = this.#ask(this.#last).finally(() => this.#underWay.delete(request));
    this.#underWay.add(request);
  }

  async #ask(id: number): Promise<void> {
    const beganAt = performance.now();
    const agent = id % 2 === 0 ? this.#kept : this.#fresh;
    const request = get(`${this.#url}?id=${id}`, { agent, timeout: timeoutMs });
    try {
      const instance = await answerOf(request);
      if (request.socket !== null) this.#bound.set(request.socket, instance);
      this.answered.set(instance, (this.answered.get(instance) ?? 0) + 1);
    } catch (error) {
      const boundTo =
        request.reusedSocket && request.socket !== null ? this.#bound.get(request.socket) : null;
      this.failures.push({ id, beganAt, error: String(error), boundTo: boundTo ?? null });
    }
  }
}

function answerOf(request: ClientRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    request.once('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    request.once('error', reject);
    request.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.once('error', reject);
      response.once('end', () =>
        response.statusCode === 200 && body !== ''
          ? resolve(body)
          : reject(new Error(`status ${response.statusCode}, «${body}»`)),
      );
    });
  });
}
