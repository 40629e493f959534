/** The errors that are kept, asked of the controller at most once a second however many look on. */
import type { ErrorRecord } from '../../model/error-record.ts';
import type { StackLink } from './stack-link.ts';

/** As many as there can be. */
const listMax = 1_000;
const keptMs = 1_000;

export class ErrorList {
  readonly #link: Pick<StackLink, 'errors'>;
  #list: Promise<readonly ErrorRecord[]> | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(link: Pick<StackLink, 'errors'>) {
    this.#link = link;
  }

  /** The one that happened last first; muted ones too. */
  recent(): Promise<readonly ErrorRecord[]> {
    const now = performance.now();
    if (this.#list !== null && now - this.#askedAt < keptMs) return this.#list;
    const asked = this.#link.errors(listMax);
    this.#list = asked;
    this.#askedAt = now;
    asked.catch(() => this.touch());
    return asked;
  }

  /** Whoever changed something sees the change. */
  touch(): void {
    this.#list = null;
  }
}
