/** Time and chance, the only way to them outside the wiring. */
export interface Clock {
  /** Stack time: see `src/model/event.ts`. */
  now(): number;
  /** Calls back once when `delayMs` have passed; returns how to cancel. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
