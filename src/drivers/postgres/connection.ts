/** One short-lived connection to a PostgreSQL server on this machine, without any leak. */
import { Socket } from 'node:net';
import postgres from 'postgres';
import { DarumaError } from '../../model/errors.ts';

export interface Target {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/**
 * Connects, does the work and disconnects. After `timeoutMs` the server cancels the statement and
 * the socket is destroyed: a stopped server answers nothing, not even a request to cancel.
 * Rejects with TIMED_OUT, a system error (`ECONNREFUSED`, …) or a PostgreSQL error (SQLSTATE).
 */
export async function withConnection<T>(
  target: Target,
  timeoutMs: number,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sockets = new OwnSockets(target.port);
  // The library's types don't know `socket`.
  const options = { ...target, ...settings(timeoutMs), socket: () => sockets.open() };
  const sql = postgres(options);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new DarumaError('TIMED_OUT', `no answer from PostgreSQL within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([work(sql), late]);
  } finally {
    clearTimeout(timer);
    sockets.closed = true;
    await sql.end({ timeout: 0 });
    sockets.destroy();
  }
}

/** The library only half-closes its sockets, and may try again after its end. */
class OwnSockets {
  closed = false;
  readonly #port: number;
  readonly #sockets: Socket[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  open(): Socket {
    if (this.closed) throw new Error('the connection was given up');
    const socket = new Socket().connect(this.#port, '127.0.0.1');
    this.#sockets.push(socket);
    return socket;
  }

  destroy(): void {
    for (const socket of this.#sockets) {
      // What was written goes out first (the farewell, so that the server logs nothing).
      if (socket.connecting) socket.destroy();
      else socket.destroySoon();
    }
  }
}

function settings(timeoutMs: number): postgres.Options<Record<string, never>> {
  return {
    host: '127.0.0.1',
    ssl: false,
    max: 1,
    max_lifetime: null,
    fetch_types: false,
    prepare: false,
    onnotice: () => undefined,
    connection: { application_name: 'daruma', statement_timeout: timeoutMs },
  };
}
