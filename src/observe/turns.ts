/**
 * Turns of many checks, those due at nearly the same time together: waking up costs more than what
 * a check itself does. A turn comes up to `slotMs` later than asked for, never earlier; turns at an
 * interval that is a multiple of it come exactly at their interval.
 */
import type { Clock } from '../ports/clock.ts';

const slotMs = 25;

export class Turns {
  readonly #clock: Clock;
  readonly #slots = new Map<
    number,
    { readonly turns: Set<() => void>; readonly stop: () => void }
  >();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back once; returns how to cancel. */
  at(dueAt: number, turn: () => void): () => void {
    const number = Math.ceil(dueAt / slotMs);
    const slot = this.#slots.get(number) ?? this.#open(number);
    slot.turns.add(turn);
    return () => {
      if (!slot.turns.delete(turn) || slot.turns.size > 0) return;
      slot.stop();
      if (this.#slots.get(number) === slot) this.#slots.delete(number);
    };
  }

  #open(number: number): { readonly turns: Set<() => void>; readonly stop: () => void } {
    const turns = new Set<() => void>();
    const delayMs = Math.max(0, number * slotMs - this.#clock.now());
    const stop = this.#clock.after(delayMs, () => {
      this.#slots.delete(number);
      for (const turn of turns) {
        turns.delete(turn);
        turn();
      }
    });
    const slot = { turns, stop };
    this.#slots.set(number, slot);
    return slot;
  }
}
