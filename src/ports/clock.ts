/** Time and chance, the only way to them outside the wiring. */
export interface Clock {
  /** Stack time: see `src/model/event.ts`. */
  now(): number;
  /** Calls back once when `delayMs` have passed; returns how to cancel. */
  after(delayMs: number, callback: () => void): () => void;
}

/** When whatever wakes up now and then does so next: all of it together, as waking up costs more
 * than most of what is done then. */
export function nextSlot(now: number, widthMs = 200): number {
  return (Math.floor(now / widthMs) + 1) * widthMs;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
