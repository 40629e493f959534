/**
 * Records as they become durable, one JSON object per line.
 *
 * 1. Each record after the one asked for is sent once, in order: those of the log first, then the
 *    live ones, which are kept back until the log has been read to its end.
 * 2. An empty line comes when nothing else does, so that both sides notice a dead connection.
 * 3. A reader that doesn't keep up is cut off; it can go on after the last record it saw.
 */
import type { ServerResponse } from 'node:http';
import type { StoredRecord } from '../model/record.ts';
import type { ControllerApi } from '../ports/controller-api.ts';

const keepAliveMs = 10_000;
const backlogBytesMax = 8 * 1024 * 1024;
const pageSize = 500;

/** Resolves when the log has been sent; the stream goes on until the response closes. */
export async function streamRecords(
  api: ControllerApi,
  response: ServerResponse,
  after: number | undefined,
): Promise<void> {
  const stream = new FollowStream(response);
  const stop = api.follow((record) => stream.live(record));
  const timer = setInterval(() => stream.keepAlive(), keepAliveMs);
  response.on('close', () => {
    stop();
    clearInterval(timer);
  });
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  if (after !== undefined) await sendLog(api, stream, after);
  stream.caughtUp();
}

async function sendLog(api: ControllerApi, stream: FollowStream, after: number): Promise<void> {
  let last = after;
  for (;;) {
    const records = await api.records(last, pageSize);
    for (const record of records) stream.send(record);
    const seq = records.at(-1)?.seq;
    if (seq === undefined || stream.closed) return;
    last = seq;
    await stream.drained();
  }
}

class FollowStream {
  readonly #response: ServerResponse;
  #waiting: StoredRecord[] | null = [];
  #lastSeq = 0;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  live(record: StoredRecord): void {
    if (this.#waiting !== null) this.#waiting.push(record);
    else this.send(record);
  }

  caughtUp(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const record of waiting) {
      if (record.unrecorded || record.seq > this.#lastSeq) this.send(record);
    }
  }

  send(record: StoredRecord): void {
    this.#lastSeq = Math.max(this.#lastSeq, record.seq);
    this.#write(`${JSON.stringify(record)}\n`);
  }

  keepAlive(): void {
    this.#write('\n');
  }

  drained(): Promise<void> {
    if (this.closed || !this.#response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done).off('close', done);
        resolve();
      };
      this.#response.on('drain', done).on('close', done);
    });
  }

  #write(text: string): void {
    if (this.closed) return;
    this.#response.write(text);
    if (this.#response.writableLength > backlogBytesMax) this.#response.destroy();
  }
}
