/** The log patterns of one instance: follows its log and tells which patterns show too often. */
import {
  initialLog,
  type LogState,
  type LogStep,
  observeMatch,
  observeQuiet,
} from '../detect/log-pattern.ts';
import { errorInfo } from '../model/errors.ts';
import type { InstanceId } from '../model/ids.ts';
import type { SymptomSpec } from '../model/stack-spec.ts';
import type { Outlet, Symptoms } from './outlet.ts';
import type { LinePattern, PatternMatcher } from './pattern-matcher.ts';

export interface FollowedLine {
  readonly text: string;
  /** Offset of its first byte in the whole log, and of the first byte after it. */
  readonly offset: number;
  readonly next: number;
}

/** The log in a directory. */
export interface LogReader {
  /** Offset after its last byte. */
  end(logDir: string): number;
  /** Its lines from an offset on, until the signal. */
  follow(logDir: string, from: number, signal: AbortSignal): AsyncIterable<FollowedLine>;
}

type LogSpec = Extract<SymptomSpec, { readonly kind: 'log' }>;

const shownCharsMax = 300;

export interface LogWatchOptions {
  readonly outlet: Outlet;
  readonly symptoms: Symptoms;
  readonly matcher: PatternMatcher;
  readonly instance: InstanceId;
  readonly specs: readonly LogSpec[];
  /** Offset of the first byte to be matched. */
  readonly from: number;
  readonly lines: (signal: AbortSignal) => AsyncIterable<FollowedLine>;
}

export class LogWatch {
  readonly #options: LogWatchOptions;
  readonly #stop = new AbortController();
  readonly #quietTimers = new Map<string, () => void>();
  readonly #patterns: readonly LinePattern[];
  /** Offset after the last line that was read. */
  #next: number;

  constructor(options: LogWatchOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#patterns = options.specs.map((spec) => this.#linePattern(spec));
    this.#follow().catch((error: unknown) => {
      const { message } = errorInfo(error);
      this.#report('LOG_UNREADABLE', `its log can't be followed: ${message}`);
    });
  }

  close(): void {
    this.#stop.abort();
    this.#options.matcher.forget(this.#patterns);
    for (const cancel of this.#quietTimers.values()) cancel();
  }

  /** Offset after the last byte that was matched. */
  get matched(): number {
    return this.#options.matcher.firstWaiting(this.#patterns) ?? this.#next;
  }

  async #follow(): Promise<void> {
    const { lines, matcher } = this.#options;
    for await (const line of lines(this.#stop.signal)) {
      if (this.#stop.signal.aborted) return;
      if (line.offset > this.#next) this.#tellSkipped(line.offset - this.#next);
      this.#next = line.next;
      await matcher.push(line, this.#patterns);
    }
  }

  #linePattern(spec: LogSpec): LinePattern {
    let state: LogState = initialLog;
    const take = (step: LogStep, evidence: string): void => {
      state = step.state;
      if (step.change?.kind === 'ended') this.#options.symptoms.end(spec.name);
      if (step.change?.kind === 'began') this.#begin(spec, step.change.began, evidence);
    };
    const { clock } = this.#options.outlet;
    const lookQuiet = (): void => {
      take(observeQuiet(state, spec, clock.now()), '');
      if (!state.firing) this.#quietTimers.delete(spec.name);
      else this.#quietTimers.set(spec.name, clock.after(spec.quietMs, lookQuiet));
    };
    return {
      pattern: new RegExp(spec.pattern),
      onMatch: (line) => {
        const shown = line.slice(0, shownCharsMax);
        this.#options.outlet.report(this.#options.instance, 'log', spec.name, shown);
        take(observeMatch(state, spec, clock.now()), shown);
        if (state.firing && !this.#quietTimers.has(spec.name)) lookQuiet();
      },
      onGivenUp: (line) => {
        const text = `the pattern /${spec.pattern}/ takes too long and is no longer used; the line:`;
        this.#report('PATTERN_GIVEN_UP', `${text} ${line.slice(0, shownCharsMax)}`);
      },
    };
  }

  #begin(spec: LogSpec, began: number, line: string): void {
    const often = spec.count === 1 ? '' : ` ${spec.count}× within ${spec.withinMs / 1_000} s`;
    this.#options.symptoms.begin({
      name: spec.name,
      kind: 'log',
      began,
      evidence: `log matched /${spec.pattern}/${often}: ${line}`,
      faults: spec.faults,
    });
  }

  #tellSkipped(bytes: number): void {
    this.#report(
      'LOG_SKIPPED',
      `${bytes} bytes of its log were gone, or too many, before they could be read`,
    );
  }

  #report(code: string, message: string): void {
    this.#options.outlet.report(this.#options.instance, 'daruma', code, message);
  }
}
