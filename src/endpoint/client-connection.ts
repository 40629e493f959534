/**
 * An accepted connection. It is read from the beginning, so that one that breaks is noticed while
 * it waits; what comes before there is an instance is kept for it.
 */
import net, { type Socket } from 'node:net';
import { cancelHead } from './postgres/session.ts';

/** So much is kept, for each of perhaps thousands that wait; then reading stops. */
const earlyBytesMax = 16 * 1024;

/** Told of all that passes: of what comes from the client before it goes on, else after. */
export interface Follower {
  fromClient(chunk: Buffer): void;
  fromServer(chunk: Buffer): void;
}

export class ClientConnection {
  readonly socket: Socket;
  readonly #mayHalfClose: boolean;
  /** What came last, came from the client. */
  isAsking = false;
  /** Called when something comes from the instance. */
  onAnswer: (() => void) | null = null;
  #upstream: Socket | null = null;
  #follower: Follower | null = null;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #isOver = false;

  /** `mayHalfClose`: who sends no more may still wait for an answer. */
  constructor(accepted: Socket, mayHalfClose: boolean) {
    this.#mayHalfClose = mayHalfClose;
    this.socket = readCheaply(accepted, (chunk) => this.#take(chunk));
    this.socket.on('error', destroy);
  }

  /** Nobody waits for an answer to anything. */
  get hasGone(): boolean {
    const { destroyed, readableEnded } = this.socket;
    const mayWait = this.#mayHalfClose ? this.#earlyBytes > 0 : this.onlyCancels;
    return destroyed || (readableEnded && this.#upstream === null && !mayWait);
  }

  /** It asks a PostgreSQL server to cancel what another connection does. */
  get onlyCancels(): boolean {
    const [first] = this.#early;
    return first?.subarray(0, cancelHead.length).equals(cancelHead) === true;
  }

  /** All that came, and all that will come, goes there. */
  flowTo(upstream: Socket, follower: Follower | null): void {
    this.#upstream = upstream;
    this.#follower = follower;
    for (const chunk of this.#early) {
      follower?.fromClient(chunk);
      upstream.write(chunk);
    }
    this.#early = [];
    upstream.on('drain', () => this.socket.resume());
    if (!upstream.writableNeedDrain) this.socket.resume();
  }

  /** A piece of what the instance sends. False: stop reading, until the client's `drain`. */
  answer(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    this.isAsking = false;
    this.onAnswer?.();
    const mayGoOn = this.socket.write(chunk);
    this.#follower?.fromServer(chunk);
    return mayGoOn;
  }

  /** What still comes goes nowhere, from either side. */
  discard(): void {
    this.#isOver = true;
    this.socket.resume();
  }

  /** False: stop reading. */
  #take(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    this.isAsking = true;
    if (this.#upstream !== null) {
      this.#follower?.fromClient(chunk);
      return this.#upstream.write(chunk);
    }
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    return this.#earlyBytes < earlyBytesMax;
  }
}

/** An error is told of by `close` as well; nothing else can be done about it. */
export function destroy(this: Socket): void {
  this.destroy();
}

/** Where all reads land, to be copied out at once: a buffer for each read costs more. */
const landing = Buffer.allocUnsafe(64 * 1024);

/** An `onread` of a socket that gives each chunk to `take`; false from it stops reading. */
export function intoLanding(take: (chunk: Buffer) => boolean) {
  return {
    buffer: landing,
    callback(length: number): boolean {
      const chunk = Buffer.allocUnsafe(length);
      landing.copy(chunk, 0, 0, length);
      return take(chunk);
    },
  };
}

/**
 * Only who makes a socket can say how it is read, so one is made anew around the handle of
 * `accepted`, which must be paused: this saves a tenth of what a request costs. A Node.js that
 * keeps the handle elsewhere gets by without.
 */
export function readCheaply(accepted: Socket, take: (chunk: Buffer) => boolean): Socket {
  const holder = accepted as Socket & { _handle?: object | null };
  const handle = holder._handle;
  if (handle == null) {
    accepted.on('data', (chunk: Buffer) => take(chunk) || accepted.pause());
    return accepted.resume();
  }
  holder._handle = null;
  const options = { handle, allowHalfOpen: true, readable: true, writable: true };
  return new net.Socket({ ...options, onread: intoLanding(take) } as net.SocketConstructorOpts);
}
