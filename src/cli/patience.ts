/**
 * How long a command waits for Daruma's own processes. The time is put off while these, or the
 * command itself, have no processor, as where the machine has too much to do or its host keeps the
 * processors for others; but not for ever: what runs in circles waits for one too.
 */
import { childrenOf, Starvation } from '../ports/starvation.ts';

/** In a row. */
const excusesMax = 12;

export interface PatienceOptions {
  readonly withinMs: number;
  /** Whether a processor was lacking since this was last asked. */
  readonly isStarved: (now: number) => boolean;
  readonly now: () => number;
}

export class Patience {
  readonly #options: PatienceOptions;
  #endsAt = 0;
  #excuses = 0;
  #isWatching = false;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.renew();
  }

  /** There was a sign of life. */
  renew(): void {
    this.#endsAt = this.#options.now() + this.#options.withinMs;
    this.#excuses = 0;
    this.#isWatching = false;
  }

  /** To be asked again and again. */
  get isOver(): boolean {
    const { withinMs, isStarved, now: clock } = this.#options;
    const now = clock();
    if (now > this.#endsAt) {
      if (this.#excuses >= excusesMax || !this.#isWatching || !isStarved(now)) return true;
      this.#excuses += 1;
      this.#endsAt = now + withinMs;
    } else if (!this.#isWatching && now > this.#endsAt - withinMs / 2) {
      // From here on waits are counted: the time before says nothing.
      this.#isWatching = true;
      isStarved(now);
    }
    return false;
  }
}

/** `keeper`: its process; null while there is none. */
export function patienceWith(keeper: () => number | null, withinMs: number): Patience {
  const starvation = new Starvation(() => {
    const pid = keeper();
    return pid === null ? [process.pid] : [process.pid, pid, ...childrenOf(pid)];
  });
  return new Patience({
    withinMs,
    isStarved: (now) => starvation.look(now),
    now: () => performance.now(),
  });
}
