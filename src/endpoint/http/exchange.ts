/**
 * One request and its answer: the tries at instances, of which the first that answers wins.
 *
 * 1. Once a byte of an answer has come, no other try is made.
 * 2. What an instance may have carried out is sent again only if its method allows that.
 * 3. A body is sent again only as long as all of it is kept, which is bounded.
 */
import type { Socket } from 'node:net';
import { splice } from '../splice.ts';
import { chunkOf, lastChunk } from './chunk-reader.ts';
import { chunked, untilEnd } from './framing.ts';
import type { RequestHead } from './request-head.ts';
import { framingLine, type ResponseHead } from './response-head.ts';
import type { Carried, Instance, Upstream } from './upstream.ts';

const keptBytesMax = 64 * 1024;
/** Up to this size a piece of a body is joined with what goes before and after it. */
const joinedBytesMax = 16 * 1024;
const triesMax = 3;

/** Who asked. Texts have a byte in each character. */
export interface Client {
  readonly socket: Socket;
  write(data: string | Buffer): boolean;
  /** The line that tells whether the connection goes on after this answer. */
  connectionLine(request: RequestHead, mustClose: boolean): string;
  /** An answer of our own instead of an instance's. */
  answer(status: number, reason: string): void;
  answered(): void;
  /** The answer can't be completed, and must not look as if it were. */
  reset(): void;
  resume(): void;
  /** What came behind the request that asked for the switch. */
  switchTo(upstream: Upstream): void;
}

/** Who leads requests to instances. */
export interface Dispatcher {
  mayRepeat(method: string): boolean;
  /** Leads it to an instance now, or when there is one. */
  lead(exchange: Exchange): void;
  /** It waits for no first byte any more. */
  settled(exchange: Exchange): void;
  /** An instance did not take the connection. */
  refused(instance: Instance, code: string): void;
  /** Whether the budget allows another try. */
  takeRetry(): boolean;
  connected(exchange: Exchange): void;
}

export class Exchange implements Carried {
  readonly request: RequestHead;
  readonly #client: Client;
  readonly #dispatcher: Dispatcher;
  /** Since when it waits for an instance; null: it has not waited yet. */
  waitsSinceMs: number | null = null;
  waitsUntilMs = 0;
  isSent: boolean;
  #tries: Upstream[] = [];
  #triesBegun = 0;
  #tried: Instance[] = [];
  #winner: Upstream | null = null;
  /** The body so far, as it was sent; null: it was too long. */
  #kept: (string | Buffer)[] | null = [];
  #keptBytes = 0;
  /** The head of the answer has been handed on. */
  #hasHead = false;
  #chunked = false;
  #unwritten = '';
  #mayGoOn = true;

  constructor(request: RequestHead, client: Client, dispatcher: Dispatcher) {
    this.request = request;
    this.#client = client;
    this.#dispatcher = dispatcher;
    this.isSent = request.framing === 0;
  }

  get clientSocket(): Socket {
    return this.#client.socket;
  }

  /** Instances that have been tried, or are being tried. */
  get tried(): readonly Instance[] {
    return this.#tried;
  }

  /** It may be carried out twice. */
  get isRepeatable(): boolean {
    return this.#kept !== null && this.#dispatcher.mayRepeat(this.request.method);
  }

  /** The only try that is under way, when another may be made beside it. */
  get alone(): Upstream | null {
    const [only, ...more] = this.#tries;
    if (only === undefined || more.length > 0 || this.#triesBegun >= triesMax) return null;
    return this.isSent && this.isRepeatable ? only : null;
  }

  /** All that it was sent to have fallen silent, long ago. */
  isLost(nowMs: number): boolean {
    const isLost = ({ instance, sentAtMs }: Upstream) => instance.liveness.hasLost(sentAtMs, nowMs);
    return this.#tries.length > 0 && this.#tries.every(isLost);
  }

  /** Tries that have been waiting for a connection since before `beforeMs`. */
  unconnected(beforeMs: number): Upstream[] {
    return this.#tries.filter((one) => !one.isConnected && one.sentAtMs < beforeMs);
  }

  try(upstream: Upstream, nowMs: number): void {
    this.#tries.push(upstream);
    this.#triesBegun += 1;
    this.#tried.push(upstream.instance);
    upstream.carry(this, nowMs);
    for (const piece of this.#kept ?? []) write(upstream.socket, piece);
  }

  /** A piece of the request's body. False: stop reading. */
  body(data: Buffer): boolean {
    if (this.request.framing !== chunked) return this.#send(data, data.length);
    if (data.length <= joinedBytesMax) return this.#send(chunkOf(data), data.length);
    this.#send(`${data.length.toString(16)}\r\n`, 0);
    this.#send(data, data.length);
    return this.#send('\r\n', 0);
  }

  /** The request's body is complete. */
  sent(): void {
    this.isSent = true;
    if (this.request.framing === chunked) this.#send(lastChunk, 0);
  }

  /** The client has gone, or what it sends makes no sense. */
  abandon(): void {
    this.#dispatcher.settled(this);
    this.#dropTries(null);
  }

  /** Whether a byte of an answer has been handed on. */
  get hasAnswered(): boolean {
    return this.#hasHead;
  }

  resumeAnswer(): void {
    this.#winner?.socket.resume();
  }

  /** There is nobody to answer it. */
  giveUp(status: 502 | 503 | 504, reason: string): void {
    this.abandon();
    this.#client.answer(status, reason);
  }

  connected(upstream: Upstream): void {
    this.#dispatcher.connected(this);
    if (this.#keptBytes > keptBytesMax) this.#kept = null;
    if (upstream.socket.writableNeedDrain === false) this.#client.resume();
  }

  begun(upstream: Upstream): void {
    this.#winner = upstream;
    const now = performance.now();
    upstream.instance.answered(now, now - upstream.sentAtMs);
    this.#dispatcher.settled(this);
    this.#dropTries(upstream);
  }

  interim(head: ResponseHead): void {
    this.#winner?.instance.countStatus(head.status);
    if (this.request.minor === 1) this.#client.write(`${head.lines}\r\n`);
  }

  switched(upstream: Upstream, head: ResponseHead, early: Buffer): void {
    upstream.instance.countStatus(head.status);
    const client = this.#client.socket;
    this.#client.write(`${head.lines}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    const connection = splice({ socket: client }, upstream.socket, () => upstream.closed());
    upstream.tunnelTo(client, connection);
    if (early.length > 0) this.#client.write(early);
    this.#client.switchTo(upstream);
  }

  head(head: ResponseHead): void {
    this.#winner?.instance.countStatus(head.status);
    this.#hasHead = true;
    this.#chunked = head.framing === chunked && this.request.minor === 1;
    const endsWithConnection = head.framing === untilEnd || head.framing === chunked;
    const mustClose = endsWithConnection && !this.#chunked;
    const connectionLine = this.#client.connectionLine(this.request, mustClose);
    this.#unwritten = `${head.lines}${framingLine(head, this.request)}${connectionLine}\r\n`;
  }

  data(data: Buffer): void {
    if (data.length <= joinedBytesMax) {
      this.#unwritten += this.#chunked ? chunkOf(data) : data.toString('latin1');
      return;
    }
    const { socket } = this.#client;
    socket.cork();
    if (this.#chunked) this.#unwritten += `${data.length.toString(16)}\r\n`;
    this.flush();
    this.#mayGoOn = this.#client.write(data);
    if (this.#chunked) this.#unwritten = '\r\n';
    socket.uncork();
  }

  flush(): boolean {
    const text = this.#unwritten;
    if (text === '') return this.#mayGoOn;
    this.#unwritten = '';
    this.#mayGoOn = this.#client.write(text);
    return this.#mayGoOn;
  }

  finished(): void {
    if (this.#chunked) this.#unwritten += lastChunk;
    this.flush();
    this.#client.answered();
  }

  drained(): void {
    this.#client.resume();
  }

  failed(upstream: Upstream, code: string): void {
    this.#tries = this.#tries.filter((one) => one !== upstream);
    if (!upstream.isConnected) this.#dispatcher.refused(upstream.instance, code);
    if (upstream.hasByte) {
      if (this.#hasHead) this.#client.reset();
      else this.giveUp(502, 'the instance gave no proper answer');
      return;
    }
    upstream.instance.gaveUp();
    if (this.#tries.length > 0) return;
    if (!this.#mayTryAgain(upstream)) {
      this.giveUp(502, 'the instance ended the connection without an answer');
      return;
    }
    // A connection that was closed while it was idle says nothing against the instance.
    if (upstream.isReused) this.#tried = this.#tried.filter((one) => one !== upstream.instance);
    this.#dispatcher.lead(this);
  }

  /** All have been tried: any of them may be tried again. */
  forgetTried(): void {
    this.#tried = [];
  }

  #mayTryAgain(lost: Upstream): boolean {
    if (this.#kept === null) return false;
    if (!lost.isConnected) return true;
    return this.isRepeatable && this.#triesBegun < triesMax && this.#dispatcher.takeRetry();
  }

  #send(piece: string | Buffer, bytes: number): boolean {
    this.#keptBytes += bytes;
    this.#kept?.push(piece);
    let mayGoOn = true;
    for (const one of this.#tries) mayGoOn = write(one.socket, piece) && mayGoOn;
    if (this.#keptBytes <= keptBytesMax) return mayGoOn;
    // Without a connection nothing may be forgotten yet.
    if (!this.#tries.some((one) => one.isConnected)) return false;
    this.#kept = null;
    return mayGoOn;
  }

  #dropTries(except: Upstream | null): void {
    const others = this.#tries.filter((one) => one !== except);
    this.#tries = except === null ? [] : [except];
    for (const one of others) {
      if (!one.hasByte) one.instance.gaveUp();
      one.drop();
    }
  }
}

function write(socket: Socket, piece: string | Buffer): boolean {
  return typeof piece === 'string' ? socket.write(piece, 'latin1') : socket.write(piece);
}
