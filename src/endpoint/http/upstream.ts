/**
 * A connection to an instance: carries one request after the other.
 *
 *   idle ──carry──▶ waiting ──first byte──▶ answering ──answer complete──▶ idle, or ended
 *                      └──────────lost──────────┴──────────────────────▶ ended
 *
 * 1. What comes while nothing was asked, or after an answer's end, ends it.
 * 2. It is used again only after request and answer were both complete.
 */
import net, { type Socket } from 'node:net';
import { destroy, intoLanding } from '../client-connection.ts';
import { proxyHeader } from '../proxy-header.ts';
import type { Splice } from '../splice.ts';
import { BodyReader } from './body-reader.ts';
import { untilEnd } from './framing.ts';
import { HeadParser } from './head-parser.ts';
import type { HttpInstance, InstanceConnection } from './http-instance.ts';
import type { RequestHead } from './request-head.ts';
import { type ResponseHead, readResponseHead } from './response-head.ts';

/** Node.js closes idle connections after 5 s, and says so; others mostly later. */
const idleLimitMs = 4_000;
/** A connection is not used in the last second before the instance closes it. */
const idleMarginMs = 1_000;

/** What a connection carries: one try of a request. */
export interface Carried {
  readonly request: RequestHead;
  /** The request is complete, and so was it sent. */
  readonly isSent: boolean;
  connected(upstream: Upstream): void;
  /** The first byte of the answer is there. */
  begun(upstream: Upstream): void;
  interim(head: ResponseHead): void;
  switched(upstream: Upstream, head: ResponseHead, early: Buffer): void;
  head(head: ResponseHead): void;
  data(data: Buffer): void;
  /** All that came is handed on. False: stop reading. */
  flush(): boolean;
  finished(): void;
  /** The instance takes more again. */
  drained(): void;
  failed(upstream: Upstream, code: string): void;
}

export type Instance = HttpInstance<Upstream>;

export class Upstream implements InstanceConnection {
  readonly instance: Instance;
  readonly socket: Socket;
  isConnected = false;
  /** It has carried a request before, so it may have been closed before it got the next. */
  isReused = false;
  /** The answer that it waits for has begun. */
  hasByte = false;
  sentAtMs = 0;
  idleSinceMs = 0;
  idleLimitMs = idleLimitMs;
  readonly #parser = new HeadParser('response');
  readonly #body = new BodyReader();
  readonly #onData = (data: Buffer) => this.#carried?.data(data);
  /** The instance was told who the client is, so it is for no other. */
  readonly #isPrivate: boolean;
  #carried: Carried | null = null;
  #head: ResponseHead | null = null;
  #tunnel: { readonly client: Socket; readonly connection: Splice } | null = null;

  /** `client`: whom PROXY protocol is to tell of; null: it isn't spoken. */
  constructor(instance: Instance, client: Socket | null) {
    this.instance = instance;
    this.#isPrivate = client !== null;
    const socket = net.connect({
      host: '127.0.0.1',
      port: instance.port,
      allowHalfOpen: true,
      noDelay: true,
      onread: intoLanding((chunk) => this.#take(chunk)),
    });
    this.socket = socket;
    if (client !== null) socket.write(proxyHeader(client));
    socket.on('connect', () => this.#connected());
    socket.on('drain', () => {
      this.#carried?.drained();
      this.#tunnel?.client.resume();
    });
    socket.on('end', () => this.#ended());
    socket.on('error', (error: NodeJS.ErrnoException) => this.fail(error.code ?? error.message));
    socket.on('close', () => this.fail('ECONNRESET'));
  }

  get isUsable(): boolean {
    return this.socket.writable && !this.socket.readableEnded;
  }

  carry(carried: Carried, nowMs: number): void {
    this.#carried = carried;
    this.sentAtMs = nowMs;
    this.instance.use(this, nowMs);
    this.socket.write(carried.request.text, 'latin1');
  }

  /** The answer is not wanted any more. */
  drop(): void {
    this.#carried = null;
    this.#release('ended');
    this.socket.destroy();
  }

  cut(): void {
    if (this.#tunnel !== null) this.#tunnel.connection.cut();
    else this.fail('ECONNABORTED');
  }

  fail(code: string): void {
    if (this.#tunnel !== null) return;
    const carried = this.#carried;
    this.drop();
    carried?.failed(this, code);
  }

  /** From now on the two sides are joined. */
  tunnelTo(client: Socket, connection: Splice): void {
    this.#tunnel = { client, connection };
    this.#carried = null;
    this.socket.on('error', destroy);
  }

  /** A tunnel has ended. */
  closed(): void {
    this.#release('ended');
  }

  #connected(): void {
    this.isConnected = true;
    this.instance.connected(performance.now() - this.sentAtMs);
    this.#carried?.connected(this);
  }

  /** False: stop reading. */
  #take(chunk: Buffer): boolean {
    if (this.#tunnel !== null) return this.#tunnel.client.write(chunk);
    const carried = this.#carried;
    if (carried === null) {
      this.drop();
      return true;
    }
    if (!this.hasByte) {
      this.hasByte = true;
      carried.begun(this);
    }
    const end = this.#head === null ? this.#readHeads(carried, chunk) : 0;
    if (end < 0 || this.#head === null) return true;
    return this.#readBody(carried, this.#head, chunk, end);
  }

  /** Returns where the head of the answer proper ended; −1: it isn't there, or is none. */
  #readHeads(carried: Carried, chunk: Buffer): number {
    for (let at = 0; at < chunk.length; ) {
      at = this.#parser.read(chunk, at);
      if (at < 0) {
        if (this.#parser.refused !== null) this.fail('the answer is malformed');
        return -1;
      }
      const head = readResponseHead(this.#parser, carried.request);
      this.#parser.begin();
      if (head === null) {
        this.fail('the answer is malformed');
        return -1;
      }
      if (head.status === 101) {
        carried.switched(this, head, chunk.subarray(at));
        return -1;
      }
      if (head.status >= 200) {
        this.#head = head;
        this.#body.begin(head.framing);
        carried.head(head);
        return at;
      }
      carried.interim(head);
    }
    return -1;
  }

  #readBody(carried: Carried, head: ResponseHead, chunk: Buffer, from: number): boolean {
    const end = this.#body.read(chunk, from, this.#onData);
    if (end < 0) {
      this.fail('the answer is malformed');
      return true;
    }
    if (!this.#body.isDone) return carried.flush();
    this.#finish(carried, head, end === chunk.length);
    return true;
  }

  #ended(): void {
    if (this.#tunnel !== null) return;
    const carried = this.#carried;
    const head = this.#head;
    if (carried !== null && head?.framing === untilEnd) this.#finish(carried, head, false);
    else this.fail('ECONNRESET');
  }

  #finish(carried: Carried, head: ResponseHead, clean: boolean): void {
    this.#carried = null;
    this.#head = null;
    this.hasByte = false;
    const reusable = clean && head.keepAlive && carried.isSent && !this.#isPrivate;
    if (reusable) {
      this.isReused = true;
      this.idleSinceMs = performance.now();
      const saidMs = (head.keepAliveMs ?? Number.POSITIVE_INFINITY) - idleMarginMs;
      this.idleLimitMs = Math.min(idleLimitMs, saidMs);
      this.#release('idle');
    } else {
      this.drop();
    }
    carried.finished();
  }

  #release(how: 'idle' | 'ended'): void {
    this.instance.release(this, how);
  }
}
