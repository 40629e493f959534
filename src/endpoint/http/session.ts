/**
 * A client's connection: its requests one after the other, each answered before the next is begun.
 *
 *   idle ──head──▶ asking ──body complete──▶ waiting ──answered──▶ idle, or closing
 *     └──refused──▶ closing ──both sides ended, or too late──▶ closed
 */
import type { Socket } from 'node:net';
import { readCheaply } from '../client-connection.ts';
import { ownAnswer } from './answer.ts';
import { BodyReader } from './body-reader.ts';
import { type Client, type Dispatcher, Exchange } from './exchange.ts';
import { type Peer, peerOf } from './forwarded.ts';
import { HeadParser, type Refused } from './head-parser.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';
import type { Upstream } from './upstream.ts';

/** How long what a client still sends is read after our last answer, so that it gets it. */
const lingerMs = 1_000;
/** Who has ended its side has mostly gone: an answer is sought for so long, if it hasn't. */
const endedMs = 1_000;

export interface SessionOptions {
  readonly dispatcher: Dispatcher;
  readonly headTimeoutMs: () => number;
  readonly idleTimeoutMs: () => number;
  /** Null: any length. */
  readonly bodyBytesMax: () => number | null;
  /** Each answer is the last on its connection. */
  readonly isRetiring: () => boolean;
  readonly onClosed: (session: Session) => void;
}

export class Session implements Client {
  readonly socket: Socket;
  readonly #options: SessionOptions;
  readonly #peer: Peer;
  readonly #parser = new HeadParser('request');
  readonly #body = new BodyReader();
  readonly #onData = (data: Buffer) => this.#takeBody(data);
  #exchange: Exchange | null = null;
  #bodyBytes = 0;
  /** What came behind the request that is being answered. */
  #rest: Buffer | null = null;
  #isPaused = false;
  #isReading = false;
  #mayRead = true;
  /** The connection ends with the answer that is due. */
  #isLast = false;
  #isClosing = false;
  /** The client sends no more. */
  #hasEnded = false;
  #tunnel: Upstream | null = null;
  /** When it has taken too long, while no answer is due. */
  #deadlineMs: number;

  constructor(accepted: Socket, options: SessionOptions) {
    this.#options = options;
    this.#peer = peerOf(accepted.remoteAddress);
    this.#deadlineMs = performance.now() + options.headTimeoutMs();
    const socket = readCheaply(accepted, (chunk) => this.#take(chunk));
    this.socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => this.#exchange?.resumeAnswer());
    socket.on('end', () => this.#ended());
    socket.on('close', () => {
      this.#exchange?.abandon();
      options.onClosed(this);
    });
  }

  /** Looked at now and then. */
  look(nowMs: number): void {
    if (this.#tunnel !== null || nowMs < this.#deadlineMs) return;
    if (this.#exchange !== null) {
      if (this.#hasEnded && !this.#exchange.hasAnswered) this.socket.destroy();
      else if (!this.#exchange.isSent && !this.#isPaused) this.#refuse(tooSlow);
      return;
    }
    if (this.#isClosing || this.#parser.isEmpty) this.socket.destroy();
    else this.#refuse(tooSlow);
  }

  write(data: string | Buffer): boolean {
    return typeof data === 'string' ? this.socket.write(data, 'latin1') : this.socket.write(data);
  }

  connectionLine({ keepAlive, minor }: RequestHead, mustClose: boolean): string {
    const isSent = this.#exchange?.isSent ?? true;
    this.#isLast ||= mustClose || !keepAlive || !isSent || this.#options.isRetiring();
    if (this.#isLast) return 'Connection: close\r\n';
    return minor === 0 ? 'Connection: keep-alive\r\n' : '';
  }

  answer(status: number, reason: string): void {
    const request = this.#exchange?.request;
    if (request !== undefined) this.connectionLine(request, false);
    this.write(ownAnswer(status, reason, request?.method ?? '', this.#isLast));
    this.answered();
  }

  answered(): void {
    const isSent = this.#exchange?.isSent ?? true;
    this.#exchange = null;
    if (this.#isLast || !isSent) {
      this.#end();
      return;
    }
    this.#deadlineMs = performance.now() + this.#options.idleTimeoutMs();
    if (this.#isReading) return;
    const rest = this.#rest;
    this.#rest = null;
    if (rest === null || this.#read(rest)) this.resume();
  }

  reset(): void {
    this.#exchange = null;
    this.socket.resetAndDestroy();
  }

  resume(): void {
    if (!this.#isPaused || this.#rest !== null) return;
    this.#isPaused = false;
    this.#awaitMore();
    this.socket.resume();
  }

  switchTo(upstream: Upstream): void {
    this.#exchange = null;
    this.#tunnel = upstream;
    const rest = this.#rest;
    this.#rest = null;
    if (rest === null || upstream.socket.write(rest)) this.resume();
  }

  /** False: stop reading. */
  #take(chunk: Buffer): boolean {
    if (this.#tunnel !== null) return this.#tunnel.socket.write(chunk);
    const mayRead = this.#read(chunk);
    if (!mayRead) this.#isPaused = true;
    return mayRead;
  }

  #read(chunk: Buffer): boolean {
    this.#isReading = true;
    this.#mayRead = true;
    let at = 0;
    while (at >= 0 && at < chunk.length && !this.#isClosing) {
      const exchange = this.#exchange;
      if (exchange === null) at = this.#readHead(chunk, at);
      else if (exchange.isSent) break;
      else at = this.#readBody(exchange, chunk, at);
    }
    this.#isReading = false;
    if (at < 0 || at >= chunk.length || this.#isClosing) return this.#mayRead;
    this.#rest = at === 0 ? chunk : chunk.subarray(at);
    return false;
  }

  /** Returns where it stopped; −1: there is nothing more to read. */
  #readHead(chunk: Buffer, from: number): number {
    const wasEmpty = this.#parser.isEmpty;
    const end = this.#parser.read(chunk, from);
    if (this.#parser.refused !== null) return this.#refuse(this.#parser.refused);
    if (end < 0) {
      if (wasEmpty) this.#deadlineMs = performance.now() + this.#options.headTimeoutMs();
      return -1;
    }
    const request = readRequestHead(this.#parser, this.#peer);
    this.#parser.begin();
    if ('status' in request) return this.#refuse(request);
    const bodyBytesMax = this.#options.bodyBytesMax();
    if (bodyBytesMax !== null && request.framing > bodyBytesMax) return this.#refuse(tooLarge);
    this.#body.begin(request.framing);
    this.#bodyBytes = 0;
    this.#exchange = new Exchange(request, this, this.#options.dispatcher);
    this.#awaitMore();
    this.#options.dispatcher.lead(this.#exchange);
    return end;
  }

  #readBody(exchange: Exchange, chunk: Buffer, from: number): number {
    this.#awaitMore();
    const end = this.#body.read(chunk, from, this.#onData);
    if (this.#isClosing) return -1;
    if (end < 0) return this.#refuse({ status: 400, reason: 'the body is malformed' });
    if (this.#body.isDone) exchange.sent();
    return end;
  }

  /** The next piece of a body may take as long to come as the next request. */
  #awaitMore(): void {
    if (this.#exchange === null || this.#exchange.isSent) return;
    this.#deadlineMs = performance.now() + this.#options.idleTimeoutMs();
  }

  #takeBody(data: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#bodyBytes += data.length;
    const bodyBytesMax = this.#options.bodyBytesMax();
    if (bodyBytesMax !== null && this.#bodyBytes > bodyBytesMax) this.#refuse(tooLarge);
    else if (!exchange.body(data)) this.#mayRead = false;
  }

  #refuse({ status, reason }: Refused | typeof tooSlow): -1 {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.abandon();
    if (exchange?.hasAnswered === true) {
      this.socket.resetAndDestroy();
      return -1;
    }
    this.write(ownAnswer(status, reason, exchange?.request.method ?? '', true));
    this.#end();
    return -1;
  }

  /** Nothing more is answered. */
  #end(): void {
    this.#isClosing = true;
    this.#rest = null;
    this.#deadlineMs = performance.now() + lingerMs;
    this.socket.end();
    this.resume();
  }

  /** The client sends no more; a request that is complete may still be answered. */
  #ended(): void {
    if (this.#tunnel !== null) return;
    this.#isLast = true;
    this.#hasEnded = true;
    this.#deadlineMs = performance.now() + endedMs;
    if (this.#exchange === null) this.socket.end();
    else if (!this.#exchange.isSent) this.socket.destroy();
  }
}

const tooSlow = { status: 408, reason: 'the request took too long' } as const;
const tooLarge = { status: 413, reason: 'the body is too large' } as const;
