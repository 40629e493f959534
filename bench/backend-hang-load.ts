/**
 * Requests at a constant rate, whoever answers when: each has its moment, and its time counts from
 * there, also when it was sent late (no coordinated omission).
 */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const timeoutMs = 10_000;
const tickMs = 2;

export interface Outcome {
  /** When it was due, and when it ended; by `performance.now()`. */
  readonly dueAt: number;
  readonly endedAt: number;
  /** Null: it failed. */
  readonly pid: number | null;
}

export class SteadyLoad {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  readonly #port: number;
  readonly #open = new Set<Promise<void>>();
  readonly #outcomes: Outcome[] = [];
  readonly #sending: Promise<void>;
  #stopped = false;

  constructor(port: number, perSecond: number) {
    this.#port = port;
    this.#sending = this.#send(1_000 / perSecond);
  }

  /** All that have ended so far. */
  get outcomes(): readonly Outcome[] {
    return this.#outcomes;
  }

  /** Waits for the answers still due. */
  async stop(): Promise<readonly Outcome[]> {
    this.#stopped = true;
    await this.#sending;
    await Promise.all(this.#open);
    this.#agent.destroy();
    return this.#outcomes;
  }

  async #send(everyMs: number): Promise<void> {
    for (let dueAt = performance.now(); !this.#stopped; ) {
      for (; dueAt <= performance.now(); dueAt += everyMs) this.#ask(dueAt);
      await pause(tickMs);
    }
  }

  #ask(dueAt: number): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open.add(promise);
    const end = (pid: number | null) => {
      if (!this.#open.delete(promise)) return;
      this.#outcomes.push({ dueAt, endedAt: performance.now(), pid });
      resolve();
    };
    const options = { host: '127.0.0.1', port: this.#port, path: '/', agent: this.#agent };
    const asked = request(options, (answer) => {
      let text = '';
      answer.setEncoding('latin1');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', () => end(null));
      answer.on('end', () => end(answer.statusCode === 200 ? Number(text) : null));
    });
    asked.on('error', () => end(null));
    asked.setTimeout(timeoutMs, () => asked.destroy());
    asked.end();
  }
}
