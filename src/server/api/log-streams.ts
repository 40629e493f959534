/** Those who read a log as it is written; each at its own pace. */
import type { ServerResponse } from 'node:http';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import type { InstanceId } from '../../model/ids.ts';
import { drained, eventText, openStream } from './event-stream.ts';
import type { LogLine, LogSource } from './stack-link.ts';

const streamsMax = 64;
const heartbeatMs = 10_000;
/** Of what is shown; the file has all of it. */
const lineCharsMax = 8_192;

interface LogListener {
  readonly response: ServerResponse;
  readonly instance: InstanceId;
  readonly from: { readonly tail: number } | { readonly sinceOffset: number };
  readonly mayStay: () => boolean;
}

export class LogStreams {
  readonly #logs: LogSource;
  readonly #log: (text: string) => void;
  readonly #open = new Map<ServerResponse, AbortController>();

  constructor(logs: LogSource, log: (text: string) => void) {
    this.#logs = logs;
    this.#log = log;
  }

  get count(): number {
    return this.#open.size;
  }

  /** `begin` is called when it may. Throws TOO_MANY_REQUESTS. */
  open(listener: LogListener, begin: () => void): void {
    if (this.#open.size >= streamsMax) {
      throw new DarumaError('TOO_MANY_REQUESTS', `${streamsMax} logs are being read already`);
    }
    begin();
    const { response, mayStay } = listener;
    const over = new AbortController();
    this.#open.set(response, over);
    const timer = setInterval(() => {
      if (mayStay()) response.write(': \n\n');
      else over.abort();
    }, heartbeatMs);
    response.on('close', () => {
      clearInterval(timer);
      over.abort();
      this.#open.delete(response);
    });
    openStream(response);
    this.#copy(listener, over.signal)
      .catch((error: unknown) => this.#log(`a log is not read on: ${errorInfo(error).message}`))
      .finally(() => response.end());
  }

  close(): void {
    for (const over of this.#open.values()) over.abort();
  }

  async #copy({ response, instance, from }: LogListener, signal: AbortSignal): Promise<void> {
    for await (const line of this.#logs.read(instance, { ...from, follow: true, signal })) {
      response.write(`id: ${line.next}\n${eventText('line', JSON.stringify(shownLine(line)))}`);
      await drained(response);
    }
  }
}

export function shownLine({ text, offset, next }: LogLine): LogLine {
  return { text: text.slice(0, lineCharsMax), offset, next };
}
