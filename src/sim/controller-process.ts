/**
 * The controller as the operating system sees it: it can be killed, paused, and has a clock. While
 * it is paused nothing reaches it; when it wakes, timers that are due fire first and input that
 * arrived meanwhile is read after them, as in Node's event loop.
 */
import type { Clock } from '../ports/clock.ts';
import type { Timeline } from './timeline.ts';

/** Enough for every chain of promises between two timers. */
const hopsMax = 40;

export class ControllerProcess implements Clock {
  readonly #timeline: Timeline;
  #offset: number;
  #awakeAt = 0;
  #lateTimers: (() => void)[] = [];
  #lateInput: (() => void)[] = [];
  alive = true;

  /** `wallAhead`: how far the wall clock is ahead of true time when the process starts. */
  constructor(timeline: Timeline, wallAhead: number) {
    this.#timeline = timeline;
    this.#offset = wallAhead;
  }

  now(): number {
    return this.#timeline.now + this.#offset;
  }

  notBefore(time: number): void {
    this.#offset = Math.max(this.#offset, time - this.#timeline.now);
  }

  after(delayMs: number, callback: () => void): () => void {
    let cancelled = false;
    const call = (): void => {
      if (!cancelled) callback();
    };
    const cancel = this.#timeline.after(Math.max(1, delayMs), () => {
      this.#enter(this.#lateTimers, call);
      return undefined;
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Input, such as an answer from a socket, arrives after `delayMs`. */
  input(delayMs: number, callback: () => void): void {
    this.#timeline.after(delayMs, () => {
      this.#enter(this.#lateInput, callback);
      return undefined;
    });
  }

  /** SIGSTOP, or a loop held up by something else. */
  pause(ms: number): void {
    const awakeAt = this.#timeline.now + ms;
    if (awakeAt <= this.#awakeAt) return;
    this.#awakeAt = awakeAt;
    this.#timeline.after(ms, () => (awakeAt === this.#awakeAt ? this.#wake() : undefined));
  }

  kill(): void {
    this.alive = false;
  }

  #enter(late: (() => void)[], callback: () => void): void {
    if (!this.alive) return;
    if (this.#timeline.now < this.#awakeAt) {
      late.push(callback);
      return;
    }
    callback();
    this.#timeline.disturb();
  }

  async #wake(): Promise<void> {
    for (const late of [this.#lateTimers, this.#lateInput]) {
      for (const callback of late.splice(0)) {
        if (!this.alive) return;
        callback();
        for (let hop = 0; hop < hopsMax; hop += 1) await null;
      }
    }
    this.#timeline.disturb();
  }
}
