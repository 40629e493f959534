/**
 * A client's connection joined with an instance, and whether closing it would break anything.
 *
 *   open ──idle, while the service is quiesced──▶ closing ──both sides ended──▶ closed
 *
 * 1. What the client sends from `closing` on goes nowhere; where its protocol is known, it is told.
 */
import type { Socket } from 'node:net';
import type { ClientConnection, Follower } from './client-connection.ts';
import { terminate, terminated } from './postgres/farewell.ts';
import type { PostgresSession } from './postgres/session.ts';
import { type Splice, splice } from './splice.ts';
import type { OpenConnection } from './target.ts';

/** Without knowledge of its protocol: it is idle when the instance spoke last, so long ago. */
const quietMs = 1_000;
/** How long what a client still sends is read after its last words, so that it gets them. */
const lingerMs = 2_000;

export interface ConnectionOptions {
  /** Null: what is spoken isn't known. */
  readonly session: PostgresSession | null;
  /** Whether it is to be closed as soon as it is idle. */
  readonly isToEnd: () => boolean;
  /** Called once, when both sides are closed. */
  readonly onClosed: () => void;
}

export class Connection implements OpenConnection {
  readonly #client: ClientConnection;
  readonly #upstream: Socket;
  readonly #session: PostgresSession | null;
  readonly #splice: Splice;
  #isClosing = false;
  #linger: NodeJS.Timeout | null = null;
  #bytesSeen = -1;
  #quietSinceMs = 0;

  /** `upstream` is connected. */
  constructor(client: ClientConnection, upstream: Socket, options: ConnectionOptions) {
    const { session, isToEnd, onClosed } = options;
    this.#client = client;
    this.#upstream = upstream;
    this.#session = session;
    this.#splice = splice(client, upstream, () => {
      if (this.#linger !== null) clearTimeout(this.#linger);
      onClosed();
    });
    client.flowTo(upstream, session === null ? null : this.#follower(session, isToEnd));
  }

  /** Something may be under way. */
  get isBusy(): boolean {
    // Its last answers must have left this process before anything is cut.
    if (this.#isClosing) return this.#client.socket.writableLength > 0;
    if (this.#session === null) return true;
    const { state } = this.#session;
    return state === 'busy' || state === 'opaque';
  }

  cut(): void {
    if (!this.#isClosing) {
      this.#splice.cut();
      return;
    }
    // What the kernel has of the last answers still goes to the client.
    this.#client.socket.destroy();
    this.#upstream.destroy();
  }

  closeIdle(nowMs: number): void {
    if (this.#isClosing) return;
    if (this.#session !== null) this.#closeBetween(this.#session);
    else if (this.#isQuiet(nowMs)) this.#close('', '');
  }

  #follower(session: PostgresSession, isToEnd: () => boolean): Follower {
    return {
      fromClient: (chunk) => session.fromClient(chunk),
      fromServer: (chunk) => {
        session.fromServer(chunk);
        if (isToEnd() && !this.#isClosing) this.#closeBetween(session);
      },
    };
  }

  #closeBetween({ state }: PostgresSession): void {
    if (state === 'idle') this.#close(terminated, terminate);
    if (state === 'starting') this.#close(terminated, '');
  }

  #isQuiet(nowMs: number): boolean {
    const bytes = this.#client.socket.bytesRead + this.#upstream.bytesRead;
    if (bytes !== this.#bytesSeen) this.#quietSinceMs = nowMs;
    this.#bytesSeen = bytes;
    return !this.#client.isAsking && nowMs - this.#quietSinceMs >= quietMs;
  }

  #close(toClient: string | Buffer, toInstance: string | Buffer): void {
    this.#isClosing = true;
    this.#client.discard();
    this.#splice.end(toClient, toInstance);
    this.#client.socket.once('finish', () => {
      this.#linger = setTimeout(() => this.cut(), lingerMs);
    });
  }
}
