/** Clients of the service: one new connection for each request. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Exchange {
  /** By `performance.now()`. */
  readonly sentAt: number;
  readonly endedAt: number;
  /** The process that answered; null: none did. */
  readonly pid: number | null;
}

/** Resolves always: after the answer, an error, or `timeoutMs`. */
export function ask(port: number, timeoutMs: number, path = '/'): Promise<Exchange> {
  const sentAt = performance.now();
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answered: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      const pid = answered ? /\r\n\r\n(\d+)$/.exec(text)?.[1] : undefined;
      resolve({ sentAt, endedAt: performance.now(), pid: pid === undefined ? null : Number(pid) });
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => end(false));
    socket.on('end', () => end(true));
    socket.write(`GET ${path} HTTP/1.0\r\n\r\n`);
  });
}

/** Asks until a process other than `notPid` answers. One at a time, so that it costs little. */
export async function untilAnswered(port: number, notPid: number, limitMs: number) {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    const exchange = await ask(port, 2_000);
    if (exchange.pid !== null && exchange.pid !== notPid) return exchange.endedAt;
    await pause(2);
  }
  throw new Error(`port ${port} was not answered within ${limitMs} ms`);
}

/** A steady load; whoever doesn't answer delays nobody else. */
export class Load {
  readonly #port: number;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<unknown>>();
  readonly #exchanges: Exchange[] = [];
  #first: ((exchange: Exchange) => boolean) | null = null;
  #found: (exchange: Exchange) => void = () => undefined;

  constructor(port: number, everyMs: number, timeoutMs: number) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
    this.#timer = setInterval(() => this.#send(), everyMs);
  }

  /** Waits for the answers still due. */
  async stop(): Promise<readonly Exchange[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return this.#exchanges;
  }

  /** The first exchange to end, from now on, for which the condition holds. */
  first(limitMs: number, condition: (exchange: Exchange) => boolean): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`port ${this.#port} was not answered within ${limitMs} ms`)),
        limitMs,
      );
      this.#first = condition;
      this.#found = (exchange) => {
        clearTimeout(timer);
        resolve(exchange);
      };
    });
  }

  #send(): void {
    const exchange = ask(this.#port, this.#timeoutMs).then((ended) => {
      this.#open.delete(exchange);
      this.#exchanges.push(ended);
      if (this.#first?.(ended) !== true) return;
      this.#first = null;
      this.#found(ended);
    });
    this.#open.add(exchange);
  }
}
