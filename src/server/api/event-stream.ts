/**
 * Live events to browsers and programs (text/event-stream).
 *
 * 1. Records carry their sequence number as id: who comes back with `Last-Event-ID` gets all that
 *    came in between, once, in order.
 * 2. What is told at all is written once for all who listen.
 * 3. Who doesn't keep up is cut off, not waited for; it comes back and goes on where it was.
 * 4. Who is listening is asked again and again whether it still may.
 */
import type { ServerResponse } from 'node:http';
import { errorInfo } from '../../model/errors.ts';
import type { StoredRecord } from '../../model/record.ts';
import type { LiveEvent, LiveStack } from './live.ts';
import { recordJson } from './record-json.ts';
import type { StackLink } from './stack-link.ts';

const heartbeatMs = 10_000;
const backlogBytesMax = 1024 * 1024;
const pageSize = 500;
/** Who is further behind is told to load everything anew. */
const behindMax = 10_000;

export const topics = ['record', 'stack', 'services', 'incident'] as const;
export type Topic = (typeof topics)[number];

export interface Listener {
  readonly response: ServerResponse;
  readonly topics: ReadonlySet<Topic>;
  /** The last record that it has seen; null: it begins now. */
  readonly after: number | null;
  readonly mayStay: () => boolean;
}

interface Client extends Listener {
  /** Came while older ones were being sent. */
  waiting: StoredRecord[] | null;
}

export class EventStreams {
  readonly #live: LiveStack;
  readonly #link: StackLink;
  readonly #log: (text: string) => void;
  readonly #clients = new Set<Client>();
  readonly #timer: NodeJS.Timeout;
  readonly #stop: () => void;
  #isListening = false;
  dropped = 0;

  constructor(live: LiveStack, link: StackLink, log: (text: string) => void) {
    this.#live = live;
    this.#link = link;
    this.#log = log;
    this.#timer = setInterval(() => this.#beat(), heartbeatMs);
    this.#timer.unref();
    this.#stop = () => clearInterval(this.#timer);
  }

  get count(): number {
    return this.#clients.size;
  }

  /** Goes on until one of both sides ends it. */
  open(listener: Listener): void {
    const client: Client = { ...listener, waiting: [] };
    const { response } = client;
    this.#clients.add(client);
    this.#listen();
    response.on('close', () => {
      this.#clients.delete(client);
      this.#listen();
    });
    openStream(response);
    this.#begin(client).catch((error: unknown) => {
      this.#log(`live events: ${errorInfo(error).message}`);
      response.destroy();
    });
  }

  close(): void {
    this.#stop();
    for (const { response } of this.#clients) response.end();
  }

  #listen(): void {
    if (this.#isListening || this.#clients.size === 0) return;
    this.#isListening = true;
    const stop = this.#live.listen((event) => {
      if (this.#clients.size > 0) {
        this.#tell(event);
        return;
      }
      this.#isListening = false;
      stop();
    });
  }

  async #begin(client: Client): Promise<void> {
    const { view, stack, list } = await this.#live.begin();
    const hello = { seq: view.seq, after: client.after };
    this.#write(client, eventText('hello', JSON.stringify(hello)));
    if (client.topics.has('stack')) this.#write(client, eventText('stack', stack));
    if (client.topics.has('services')) {
      this.#write(client, eventText('services', list));
    }
    let last = client.after ?? view.seq;
    if (client.topics.has('record') && client.after !== null) {
      last = await this.#sendMissed(client, client.after, view.seq);
    }
    const waiting = client.waiting ?? [];
    client.waiting = null;
    for (const stored of waiting) {
      if (stored.unrecorded || stored.seq > last) this.#write(client, recordText(stored));
    }
  }

  /** Resolves with the last that was sent. */
  async #sendMissed(client: Client, after: number, newest: number): Promise<number> {
    if (after > newest || newest - after > behindMax) {
      this.#write(client, eventText('reset', '{}'));
      return newest;
    }
    let last = after;
    while (!client.response.destroyed) {
      const page = this.#live.recentAfter(last) ?? (await this.#link.records(last, pageSize));
      for (const stored of page) this.#write(client, recordText(stored));
      last = page.at(-1)?.seq ?? last;
      if (page.length < pageSize) break;
      await drained(client.response);
    }
    return last;
  }

  #tell(event: LiveEvent): void {
    const text = event.kind === 'record' ? null : eventText(event.kind, event.json);
    const numbered = event.kind === 'record' ? `id: ${event.stored.seq}\n` : '';
    const whole = text ?? `${numbered}${eventText('record', event.json)}`;
    for (const client of this.#clients) {
      if (!client.topics.has(event.kind)) continue;
      if (event.kind === 'record' && client.waiting !== null) client.waiting.push(event.stored);
      else this.#write(client, whole);
    }
  }

  #beat(): void {
    for (const client of this.#clients) {
      if (client.mayStay()) this.#write(client, ': \n\n');
      else client.response.end();
    }
  }

  #write({ response }: Client, text: string): void {
    if (response.destroyed || response.writableEnded) return;
    response.write(text);
    if (response.writableLength <= backlogBytesMax) return;
    this.dropped += 1;
    response.destroy();
  }
}

/** Says what is to come, and that nobody in between may keep it. */
export function openStream(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  response.flushHeaders();
}

export function eventText(kind: string, json: string): string {
  return `event: ${kind}\ndata: ${json}\n\n`;
}

function recordText(stored: StoredRecord): string {
  return `id: ${stored.seq}\n${eventText('record', recordJson(stored))}`;
}

export function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed || !response.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
