/**
 * Matches log lines against the users' patterns, for all instances together.
 *
 * 1. Work is bounded: at most `linesMax` lines wait, whoever brings more is asked to wait; a batch
 *    takes at most `batchMs` of each turn.
 * 2. A pattern that backtracks without end can't hang us: batches run under V8's own time limit
 *    (`vm`), and a pattern that takes more than `lineMs` of the processor for one line is given up
 *    for good.
 * 3. Matches are told outside of that limit, so that it never interrupts anything else.
 */
import type { Clock } from '../ports/clock.ts';
import { runLimited, runWithin } from './limited.ts';

export interface LinePattern {
  readonly pattern: RegExp;
  readonly onMatch: (line: string) => void;
  /** It took too long for a line and is not used any more. */
  readonly onGivenUp: (line: string) => void;
}

interface WaitingLine {
  readonly line: string;
  readonly offset: number;
  readonly patterns: readonly LinePattern[];
}

const linesMax = 5_000;
const lineCharsMax = 8_192;
const flushMs = 50;
const batchMs = 30;
const lineMs = 50;

export class PatternMatcher {
  readonly #clock: Clock;
  readonly #givenUp = new Set<LinePattern>();
  #waiting: WaitingLine[] = [];
  #room: (() => void)[] = [];
  #cancelFlush: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when there is room for the next line; undefined: at once. */
  push(
    { text, offset }: { readonly text: string; readonly offset: number },
    patterns: readonly LinePattern[],
  ): Promise<void> | undefined {
    this.#waiting.push({ line: text.slice(0, lineCharsMax), offset, patterns });
    this.#cancelFlush ??= this.#clock.after(flushMs, () => this.#flush());
    if (this.#waiting.length < linesMax) return undefined;
    return new Promise((resolve) => this.#room.push(resolve));
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Offset of the first line that still waits for them; undefined: none does. */
  firstWaiting(patterns: readonly LinePattern[]): number | undefined {
    return this.#waiting.find((waiting) => waiting.patterns === patterns)?.offset;
  }

  /** Its lines that still wait are forgotten. */
  forget(patterns: readonly LinePattern[]): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.patterns !== patterns);
    for (const pattern of patterns) this.#givenUp.delete(pattern);
  }

  close(): void {
    this.#cancelFlush?.();
    this.#waiting = [];
    this.#letIn();
  }

  #flush(): void {
    const batch = this.#waiting;
    const matched: (readonly [LinePattern, number])[] = [];
    let done = 0;
    const finished = runLimited(batchMs, () => {
      for (; done < batch.length; done += 1) {
        const { line, patterns } = batch[done] as WaitingLine;
        for (const one of patterns) {
          if (!this.#givenUp.has(one) && one.pattern.test(line)) matched.push([one, done]);
        }
      }
    });
    const stuck = finished ? undefined : batch[done];
    this.#waiting = batch.slice(finished ? done : done + 1);
    this.#cancelFlush =
      this.#waiting.length === 0 ? null : this.#clock.after(flushMs, () => this.#flush());
    for (const [one, at] of matched) {
      if (at < done) one.onMatch(batch[at]?.line ?? '');
    }
    if (stuck !== undefined) this.#matchAlone(stuck);
    this.#letIn();
  }

  /** The line at which a batch ran out of time, each pattern with a limit of its own. */
  #matchAlone({ line, patterns }: WaitingLine): void {
    for (const one of patterns) {
      if (this.#givenUp.has(one)) continue;
      let matches = false;
      const finished = runWithin(lineMs, () => {
        matches = one.pattern.test(line);
      });
      if (!finished) {
        this.#givenUp.add(one);
        one.onGivenUp(line);
      } else if (matches) {
        one.onMatch(line);
      }
    }
  }

  #letIn(): void {
    const room = this.#room;
    this.#room = [];
    for (const resolve of room) resolve();
  }
}
