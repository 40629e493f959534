/**
 * Delivers notices to one target: tries again with back-off until a deadline, each incident on its
 * own, so that one message which the target can't digest holds no other up.
 *
 *   put ─▶ sending ─▶ accepted
 *    │       ▲  │
 *    │       │  ├─▶ refused, or deadline over ─▶ onFailure
 *    │       │  ▼
 *    │     pausing     a later notice of the incident replaces the one that waits
 *    ▼       ▲
 *   held ────┘ one summary when quiet hours are over
 *
 * 1. Of one incident at most one message is under way, and they arrive in order.
 * 2. Nothing here throws or waits in the caller's turn.
 * 3. What is not settled is in `kept`, and goes on from there in another process.
 */
import type { IncidentId } from '../model/ids.ts';
import type { Delivery, TestedTarget } from '../model/notification.ts';
import type { NotifyTarget } from '../model/notify-spec.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Notice } from '../ports/notifier.ts';
import { repeatEveryMs } from './alertmanager.ts';
import type { Letter, Message } from './body.ts';
import { Book, type KeptBook } from './book.ts';
import { type Failure, failure } from './failure.ts';
import { quietEnd } from './quiet-hours.ts';
import type { Limits } from './sending.ts';
import { summaryOf } from './summary.ts';

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
  /** Must not reject. */
  readonly send: (target: NotifyTarget, letter: Letter, limits: Limits) => Promise<Failure | null>;
  readonly onFailure: (target: NotifyTarget, letter: Letter, text: string) => void;
  /** What `kept` gives is another now. */
  readonly onChange: () => void;
  /** What is under way when we end is kept for another process. */
  readonly goesOnLater: boolean;
}

/** Incidents with a message under way. */
const deliveriesMax = 100;

interface Running {
  current: Letter;
  next: Letter | null;
  readonly done: Promise<void>;
}

export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #running = new Map<string, Running>();
  readonly #ended = new AbortController();
  readonly #book: Book;
  /** Under way when we ended. */
  readonly #left: Letter[] = [];
  #last: Delivery | null;
  #target: NotifyTarget;
  #cancelSummary = (): void => undefined;
  #cancelRepeat = (): void => undefined;

  constructor(target: NotifyTarget, kept: KeptBook, options: MailboxOptions) {
    this.#target = target;
    this.#options = options;
    this.#book = new Book(kept);
    this.#last = kept.last;
    for (const letter of kept.waiting) this.#deliver(letter);
    this.retarget(target);
  }

  get target(): NotifyTarget {
    return this.#target;
  }

  get last(): Delivery | null {
    return this.#last;
  }

  get heldCount(): number {
    return this.#book.held.length;
  }

  get waitingCount(): number {
    return this.#running.size;
  }

  /** Messages under way go to the new one from their next attempt on. */
  retarget(target: NotifyTarget): void {
    this.#target = target;
    this.#awaitQuietEnd();
    this.#cancelRepeat();
    if (target.kind === 'alertmanager') this.#awaitRepeat();
  }

  put(stack: string, notice: Notice): void {
    const entered = this.#book.enter(this.#target, stack, notice, this.#options.clock.now());
    if (entered.verdict === 'drop') return;
    if (entered.verdict === 'send') this.#deliver(entered.letter);
    else this.#awaitQuietEnd();
    this.#options.onChange();
  }

  /** Tells the end of what is not open, though that was never told. */
  endAllBut(open: ReadonlySet<IncidentId>): void {
    for (const { stack, notice } of this.#book.open) {
      const { incident, title, services = [] } = notice;
      if (incident === 'summary' || incident === 'test' || open.has(incident)) continue;
      const told = { kind: 'notify', unrecordedOk: true, severity: 'info' } as const;
      const text = 'it was over when the controller came back';
      this.put(stack, { ...told, incident, state: 'resolved', title, text, services });
    }
  }

  /** One attempt at once, whatever the hour. */
  async test(stack: string): Promise<TestedTarget> {
    const at = this.#options.clock.now();
    const notice = testMessage(this.#target.name);
    const failed = await this.#attempt({ stack, notice, update: 0, at, since: at });
    this.#settle('test', failed?.reason ?? null);
    return { target: this.#target.name, error: failed?.reason ?? null };
  }

  kept(): KeptBook {
    const running = [...this.#running.values()].map(({ current, next }) => next ?? current);
    return { ...this.#book.kept(), waiting: [...this.#left, ...running], last: this.#last };
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.all([...this.#running.values()].map(({ done }) => done));
    }
  }

  /** No summary and no repetition begins any more. */
  rest(): void {
    this.#cancelSummary();
    this.#cancelRepeat();
  }

  /** Gives up what is under way. */
  end(): void {
    this.#ended.abort();
  }

  /** A summary comes also when quiet hours are no longer said in the stack file. */
  #awaitQuietEnd(): void {
    const { clock } = this.#options;
    this.#cancelSummary();
    if (this.#book.held.length === 0) return;
    const now = clock.now();
    const end = quietEnd(this.#target.quietHours ?? [], now);
    const tell = () => (end > clock.now() ? this.#awaitQuietEnd() : this.#tellHeld());
    this.#cancelSummary = clock.after(Math.max(0, end - now), tell);
  }

  #tellHeld(): void {
    const held = this.#book.takeHeld();
    const [first] = held;
    if (first === undefined) return;
    const at = this.#options.clock.now();
    const letter = { stack: first.stack, notice: summaryOf(held), update: 0, at, since: at };
    this.#deliver(letter);
    this.#options.onChange();
  }

  #awaitRepeat(): void {
    this.#cancelRepeat = this.#options.clock.after(repeatEveryMs, () => {
      const at = this.#options.clock.now();
      const idle = this.#book.open.filter(({ notice }) => !this.#running.has(notice.incident));
      // As if it were the first: what ended has been told.
      for (const letter of idle) this.#deliver({ ...letter, at, update: 0 });
      this.#awaitRepeat();
    });
  }

  #deliver(letter: Letter): void {
    const key = letter.notice.incident;
    const running = this.#running.get(key);
    if (running !== undefined) running.next = letter;
    else if (this.#running.size < deliveriesMax) this.#begin(key, letter);
    else this.#options.onFailure(this.#target, letter, 'too many messages are waiting');
  }

  #begin(key: string, letter: Letter): void {
    const running: Running = {
      current: letter,
      next: null,
      // Begins in a later turn: the caller is not held up by the making of the message.
      done: Promise.resolve().then(() => this.#run(running, key)),
    };
    this.#running.set(key, running);
  }

  async #run(running: Running, key: string): Promise<void> {
    let attempts = 0;
    for (;;) {
      const letter = running.current;
      attempts += 1;
      const failed = await this.#attempt(letter);
      const waitMs = failed === null ? 0 : this.#waitMs(failed, attempts);
      if (failed !== null && this.#isWorthwhile(failed, running.next ?? letter, waitMs)) {
        await this.#pause(waitMs);
        running.current = running.next ?? letter;
        running.next = null;
        continue;
      }
      if (this.#ended.signal.aborted && failed !== null && this.#options.goesOnLater) {
        this.#left.push(running.next ?? letter);
        break;
      }
      this.#conclude(letter, failed, attempts);
      if (running.next === null) break;
      attempts = 0;
      running.current = running.next;
      running.next = null;
    }
    this.#running.delete(key);
    this.#options.onChange();
  }

  #conclude(letter: Letter, failed: Failure | null, attempts: number): void {
    this.#settle(letter.notice.incident, failed?.reason ?? null);
    if (failed === null) return;
    const tries = attempts === 1 ? '' : `, ${attempts} attempts`;
    this.#options.onFailure(this.#target, letter, `${failed.reason}${tries}`);
  }

  #settle(of: string, error: string | null): void {
    this.#last = { at: this.#options.clock.now(), of, error };
    this.#options.onChange();
  }

  #waitMs({ retryAfterMs }: Failure, attempts: number): number {
    return Math.max(this.#backoffMs(attempts), retryAfterMs);
  }

  #isWorthwhile(failed: Failure, letter: Letter, waitMs: number): boolean {
    const { clock, timing } = this.#options;
    const inTime = clock.now() + waitMs <= letter.at + timing.deadlineMs;
    return failed.retryable && inTime && !this.#ended.signal.aborted;
  }

  #attempt(letter: Letter): Promise<Failure | null> {
    const { signal } = this.#ended;
    const timeoutMs = this.#options.timing.attemptTimeoutMs;
    if (signal.aborted) {
      return Promise.resolve(failure('Daruma ended before it could be sent', false));
    }
    return this.#options.send(this.#target, letter, { timeoutMs, signal });
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

function testMessage(target: string): Message {
  return {
    incident: 'test',
    state: 'test',
    severity: 'info',
    title: `Messages to ${target} arrive`,
    text: 'Somebody asked for this test. Nothing has happened.',
  };
}
