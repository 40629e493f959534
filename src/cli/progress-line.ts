/** How far a long piece of work is, on one line of a terminal: amount, rate, time left. */

import { sizeText } from '../model/size-text.ts';
import type { Session } from './session.ts';
import { durationText } from './time-text.ts';

interface Seen {
  readonly stage: string;
  readonly bytes: number;
  readonly total: number | null;
}

export class ProgressLine {
  readonly #session: Session;
  readonly #shown: boolean;
  #stage = '';
  #since = 0;
  #from = 0;
  #drawn = false;

  constructor(session: Session) {
    this.#session = session;
    this.#shown = session.io.err.isTTY === true && !session.json;
  }

  show({ stage, bytes, total }: Seen): void {
    if (!this.#shown || stage === '') return;
    const now = performance.now();
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#since = now;
      this.#from = bytes;
    }
    const text = progressText({ stage, bytes, total }, bytes - this.#from, now - this.#since);
    this.#session.io.err.write(`\r\x1b[K${text}`);
    this.#drawn = true;
  }

  end(): void {
    if (this.#drawn) this.#session.io.err.write('\r\x1b[K');
    this.#drawn = false;
  }
}

/** `reading 120 MiB of 480 MiB, 91.0 MiB/s, 4.0 s left`. */
export function progressText({ stage, bytes, total }: Seen, done: number, ms: number): string {
  const amount = total === null ? sizeText(bytes) : `${sizeText(bytes)} of ${sizeText(total)}`;
  if (ms < 500 || done <= 0) return `${stage} ${amount}`;
  const perMs = done / ms;
  const left = total === null ? '' : `, ${durationText(Math.max(0, total - bytes) / perMs)} left`;
  return `${stage} ${amount}, ${sizeText(perMs * 1000)}/s${left}`;
}
