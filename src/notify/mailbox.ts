/**
 * Delivers notices to one target: tries again with back-off until a deadline, each incident on its
 * own, so that one message which the target can't digest holds no other up.
 *
 *   put ─▶ sending ─▶ accepted
 *            ▲  │
 *            │  ├─▶ refused, or deadline over ─▶ onFailure
 *            │  ▼
 *          pausing     a later notice of the incident replaces the one that waits
 *
 * 1. Of one incident at most one message is under way, and they arrive in order.
 * 2. Nothing here throws or waits in the caller's turn.
 */
import type { IncidentId } from '../model/ids.ts';
import type { NotifyTarget, Severity } from '../model/stack-spec.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Notice } from '../ports/notifier.ts';
import type { Letter } from './body.ts';
import { type Failure, failure } from './failure.ts';

export interface DeliveryTiming {
  readonly attemptTimeoutMs: number;
  /** Full jitter over initial × 2ⁿ, up to max. */
  readonly backoffInitialMs: number;
  readonly backoffMaxMs: number;
  /** No further attempt so long after the notice was given. */
  readonly deadlineMs: number;
}

export interface MailboxOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timing: DeliveryTiming;
  readonly send: (
    target: NotifyTarget,
    letter: Letter,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<Failure | null>;
  readonly onFailure: (target: NotifyTarget, letter: Letter, text: string) => void;
}

const severities: readonly Severity[] = ['info', 'warning', 'critical'];
/** Incidents with a message under way, and incidents whose updates are counted. */
const deliveriesMax = 100;
const countedMax = 1000;

interface Delivery {
  next: Letter | null;
  readonly done: Promise<void>;
}

export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #deliveries = new Map<IncidentId, Delivery>();
  readonly #updates = new Map<IncidentId, number>();
  readonly #ended = new AbortController();
  #target: NotifyTarget;

  constructor(target: NotifyTarget, options: MailboxOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Messages under way go to the new one from their next attempt on. */
  retarget(target: NotifyTarget): void {
    this.#target = target;
  }

  put(stack: string, notice: Notice): void {
    const letter = this.#address(stack, notice);
    if (letter === null) return;
    const delivery = this.#deliveries.get(notice.incident);
    if (delivery !== undefined) delivery.next = letter;
    else if (this.#deliveries.size < deliveriesMax) this.#begin(letter);
    else this.#options.onFailure(this.#target, letter, 'too many messages are waiting');
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#deliveries.size > 0) {
      await Promise.all([...this.#deliveries.values()].map(({ done }) => done));
    }
  }

  /** Gives up what is under way. */
  end(): void {
    this.#ended.abort();
  }

  /** Null: not severe enough. Who was told of an incident is told how it goes on. */
  #address(stack: string, notice: Notice): Letter | null {
    const before = this.#updates.get(notice.incident);
    const rank = severities.indexOf(notice.severity);
    const wanted = rank >= severities.indexOf(this.#target.minSeverity);
    if (before === undefined && !wanted) return null;
    const update = before === undefined ? 0 : before + 1;
    this.#updates.delete(notice.incident);
    this.#updates.set(notice.incident, update);
    for (const oldest of this.#updates.keys()) {
      if (this.#updates.size <= countedMax) break;
      this.#updates.delete(oldest);
    }
    return { stack, notice, update, at: this.#options.clock.now() };
  }

  #begin(letter: Letter): void {
    const { incident } = letter.notice;
    const delivery: Delivery = {
      next: letter,
      // Begins in a later turn: the caller is not held up by the making of the message.
      done: Promise.resolve().then(() => this.#run(delivery, incident)),
    };
    this.#deliveries.set(incident, delivery);
  }

  async #run(delivery: Delivery, incident: IncidentId): Promise<void> {
    let attempts = 0;
    for (let letter = take(delivery); letter !== null; ) {
      attempts += 1;
      const failed = await this.#attempt(letter);
      const latest: Letter | null = take(delivery);
      if (failed === null) {
        attempts = 0;
        letter = latest;
        continue;
      }
      const waitMs = Math.max(this.#backoffMs(attempts), failed.retryAfterMs);
      if (this.#isHopeless(failed, latest ?? letter, waitMs)) {
        const tries = attempts === 1 ? '' : `, ${attempts} attempts`;
        this.#options.onFailure(this.#target, letter, `${failed.reason}${tries}`);
        attempts = 0;
        letter = latest;
        continue;
      }
      await this.#pause(waitMs);
      letter = take(delivery) ?? latest ?? letter;
    }
    this.#deliveries.delete(incident);
  }

  #isHopeless(failed: Failure, letter: Letter, waitMs: number): boolean {
    const { clock, timing } = this.#options;
    const over = clock.now() + waitMs > letter.at + timing.deadlineMs;
    return !failed.retryable || over || this.#ended.signal.aborted;
  }

  async #attempt(letter: Letter): Promise<Failure | null> {
    const { signal } = this.#ended;
    const timeoutMs = this.#options.timing.attemptTimeoutMs;
    if (signal.aborted) return failure('Daruma ended before it could be sent', false);
    try {
      return await this.#options.send(this.#target, letter, { timeoutMs, signal });
    } catch (error) {
      return failure(`could not be sent: ${String(error)}`, false);
    }
  }

  #backoffMs(attempt: number): number {
    const { backoffInitialMs, backoffMaxMs } = this.#options.timing;
    return this.#options.random.next() * Math.min(backoffMaxMs, backoffInitialMs * 2 ** attempt);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#ended;
      if (signal.aborted) return resolve();
      const stop = () => {
        cancel();
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, stop);
      signal.addEventListener('abort', stop);
    });
  }
}

function take(delivery: Delivery): Letter | null {
  const letter = delivery.next;
  delivery.next = null;
  return letter;
}
