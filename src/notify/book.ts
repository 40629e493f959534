/**
 * What one target was told, is being told, and is to be told later: kept, so that the controller
 * may end at any time. Whoever was called is told the end, and what is held back is not forgotten.
 */
import type { IncidentId } from '../model/ids.ts';
import type { Delivery } from '../model/notification.ts';
import type { NotifyTarget } from '../model/notify-spec.ts';
import type { Notice } from '../ports/notifier.ts';
import type { Letter } from './body.ts';
import { type Verdict, verdict } from './routing.ts';

/** Of one incident. */
interface Account {
  /** Number of the latest letter. */
  readonly update: number;
  readonly since: number;
  readonly over: boolean;
  readonly throughQuiet: boolean;
  /** The latest letter, while it is not over. */
  readonly letter: Letter | null;
}

export interface KeptBook {
  readonly accounts: readonly (readonly [IncidentId, Account])[];
  readonly held: readonly Letter[];
  readonly waiting: readonly Letter[];
  readonly last: Delivery | null;
}

export const emptyBook: KeptBook = { accounts: [], held: [], waiting: [], last: null };

/** Incidents whose updates are counted, and whose message is held back. */
const accountsMax = 1000;

export class Book {
  /** The one that was told of last is at the end. */
  readonly #accounts: Map<IncidentId, Account>;
  readonly #held: Map<string, Letter>;

  constructor({ accounts, held }: KeptBook) {
    this.#accounts = new Map(accounts);
    this.#held = new Map(held.map((letter) => [letter.notice.incident, letter]));
  }

  get held(): readonly Letter[] {
    return [...this.#held.values()];
  }

  /** Of incidents that are not over. */
  get open(): readonly Letter[] {
    return [...this.#accounts.values()].flatMap(({ letter }) => letter ?? []);
  }

  kept(): Pick<KeptBook, 'accounts' | 'held'> {
    return { accounts: [...this.#accounts], held: this.held };
  }

  /** What is to be done with a notice; what is held back is in the book then. */
  enter(
    target: NotifyTarget,
    stack: string,
    notice: Notice,
    at: number,
  ): { readonly verdict: Verdict; readonly letter: Letter } {
    const { incident } = notice;
    const before = this.#accounts.get(incident);
    const isKnown = before !== undefined && !before.over;
    const update = before === undefined ? 0 : before.update + 1;
    const letter = { stack, notice, update, at, since: isKnown ? before.since : at };
    const decided = verdict(target, notice, isKnown ? before : null, at);
    if (decided === 'drop') return { verdict: decided, letter };
    const over = notice.state === 'resolved';
    const throughQuiet =
      decided === 'send' && ((isKnown && before.throughQuiet) || notice.severity === 'critical');
    this.#accounts.delete(incident);
    this.#accounts.set(incident, {
      ...{ update, over, throughQuiet, since: letter.since },
      letter: over ? null : letter,
    });
    shorten(this.#accounts);
    // What is told now is not told once more in the summary.
    this.#held.delete(incident);
    if (decided === 'hold') this.#held.set(incident, letter);
    shorten(this.#held);
    return { verdict: decided, letter };
  }

  /** What was held back, which is so no longer. */
  takeHeld(): readonly Letter[] {
    const { held } = this;
    this.#held.clear();
    return held;
  }
}

function shorten(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= accountsMax) return;
    map.delete(oldest);
  }
}
