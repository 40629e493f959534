/**
 * Turns of many checks, those due at nearly the same time together: waking up costs more than what
 * a check itself does. A turn comes up to its slack later than asked for, never earlier; turns at
 * an interval that is a multiple of the slack come exactly at their interval.
 *
 * Slots lie at multiples of their width, and each width divides the next, so that slots of all
 * widths fall together.
 */
import type { Clock } from '../ports/clock.ts';

const slotsMs = [200, 100, 50, 25] as const;
const narrowestMs = 25;
/** So many turns at once; then others of the loop come in between. */
const atOnceMax = 50;

interface Slot {
  readonly turns: Set<() => void>;
  readonly stop: () => void;
}

/** The most, up to a fifth of an interval, with which turns come exactly at that interval. */
export function slackOf(intervalMs: number): number {
  const fits = (width: number) => width <= intervalMs / 5 && intervalMs % width === 0;
  return slotsMs.find(fits) ?? narrowestMs;
}

export class Turns {
  readonly #clock: Clock;
  /** By the time at which they are due. */
  readonly #slots = new Map<number, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back once; returns how to cancel. `slackMs` of less than 25 counts as 25. */
  at(dueAt: number, slackMs: number, turn: () => void): () => void {
    const widthMs = slotsMs.find((width) => width <= slackMs) ?? narrowestMs;
    const slotAt = Math.ceil(dueAt / widthMs) * widthMs;
    const slot = this.#slots.get(slotAt) ?? this.#open(slotAt);
    slot.turns.add(turn);
    return () => {
      if (!slot.turns.delete(turn) || slot.turns.size > 0) return;
      slot.stop();
      if (this.#slots.get(slotAt) === slot) this.#slots.delete(slotAt);
    };
  }

  #open(slotAt: number): Slot {
    const turns = new Set<() => void>();
    const delayMs = Math.max(0, slotAt - this.#clock.now());
    const stop = this.#clock.after(delayMs, () => {
      this.#slots.delete(slotAt);
      this.#take(turns);
    });
    const slot = { turns, stop };
    this.#slots.set(slotAt, slot);
    return slot;
  }

  /** What is cancelled meanwhile leaves the set. */
  #take(turns: Set<() => void>): void {
    let left = atOnceMax;
    for (const turn of turns) {
      if (left === 0) {
        this.#clock.after(0, () => this.#take(turns));
        return;
      }
      left -= 1;
      turns.delete(turn);
      turn();
    }
  }
}
