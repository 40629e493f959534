/**
 * The health checks of one instance: asks at a fixed rate and tells what follows from the answers.
 *
 * - Turns follow the schedule and not the answers, so that a slow check never delays the next one;
 *   a few may be under way at once, beyond that a turn is left out.
 * - Until the first passed check, turns come at the start interval; those between the regular ones
 *   can only acquit.
 */
import {
  type CheckResult,
  type HealthState,
  type HealthVerdict,
  initialHealth,
  observeCheck,
  voidHealth,
} from '../detect/health.ts';
import type { HealthcheckSpec } from '../model/stack-spec.ts';
import type { Clock, Random } from '../ports/clock.ts';
import { ask, type Question } from './check.ts';
import type { Turns } from './turns.ts';

export interface HealthWatchOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly turns: Turns;
  readonly spec: HealthcheckSpec;
  readonly startedAt: number;
  readonly adopted: boolean;
  readonly question: Question;
  readonly onVerdict: (verdict: HealthVerdict) => void;
  /** Every answer, with how long it took. */
  readonly onAnswer: (result: CheckResult, tookMs: number) => void;
}

const socketsAtOnceMax = 8;
const processesAtOnceMax = 3;

export class HealthWatch {
  readonly #options: HealthWatchOptions;
  readonly #atOnceMax: number;
  readonly #underWay = new Set<() => void>();
  #state: HealthState;
  #dueAt: number;
  #countedAt = Number.NEGATIVE_INFINITY;
  /** Asked to look closely: turns at the start interval until a check passes. */
  #close = false;
  #cancelTurn: () => void = () => undefined;

  constructor(options: HealthWatchOptions) {
    this.#options = options;
    const { spec, clock, random } = options;
    this.#atOnceMax = spec.probe.kind === 'exec' ? processesAtOnceMax : socketsAtOnceMax;
    this.#state = initialHealth(options.startedAt, options.adopted);
    this.#dueAt = clock.now() + random.next() * Math.min(spec.startIntervalMs, spec.intervalMs);
    this.#arm();
  }

  /** Checks now, besides the regular turns. Answers once, by the check's own time-out; `null`: the
   * answer proves nothing. */
  checkNow(answer: (result: CheckResult | null) => void): () => void {
    if (this.#state.unhealthy) {
      this.#close = true;
      this.#schedule(this.#options.clock.now() + this.#periodMs());
    }
    return this.#ask(true, answer);
  }

  /** Our own process was paused until now: what is under way proves nothing and is given up. */
  slept(): void {
    this.#state = voidHealth(this.#state, this.#options.clock.now());
    this.#freeAll();
  }

  close(): void {
    this.#cancelTurn();
    this.#freeAll();
  }

  #freeAll(): void {
    for (const cancel of this.#underWay) cancel();
    this.#underWay.clear();
  }

  #quick(): boolean {
    return this.#state.phase !== 'ready' || this.#close;
  }

  #periodMs(): number {
    const { startIntervalMs, intervalMs } = this.#options.spec;
    return this.#quick() ? Math.min(startIntervalMs, intervalMs) : intervalMs;
  }

  #schedule(dueAt: number): void {
    this.#cancelTurn();
    this.#dueAt = dueAt;
    this.#arm();
  }

  #arm(): void {
    const { clock, turns } = this.#options;
    const turn = (): void => this.#turn();
    this.#cancelTurn = this.#quick()
      ? clock.after(Math.max(0, this.#dueAt - clock.now()), turn)
      : turns.at(this.#dueAt, turn);
  }

  #turn(): void {
    const now = this.#options.clock.now();
    if (this.#underWay.size < this.#atOnceMax) this.#ask(this.#counts(now), () => undefined);
    const next = this.#dueAt + this.#periodMs();
    this.#dueAt = next > now ? next : now + this.#periodMs();
    this.#arm();
  }

  /** Whether a check asked now is a regular one. */
  #counts(now: number): boolean {
    if (this.#quick() && now - this.#countedAt < this.#options.spec.intervalMs) return false;
    this.#countedAt = now;
    return true;
  }

  #ask(counts: boolean, answer: (result: CheckResult | null) => void): () => void {
    const { clock, question, spec } = this.#options;
    const askedAt = clock.now();
    const cancel = (): void => {
      this.#underWay.delete(cancel);
      stop();
    };
    this.#underWay.add(cancel);
    const stop = ask(clock, question, spec.timeoutMs, (result) => {
      this.#underWay.delete(cancel);
      if (result !== 'void') this.#take(askedAt, counts, result);
      answer(result === 'void' ? null : result);
    });
    return cancel;
  }

  #take(askedAt: number, counts: boolean, result: CheckResult): void {
    const { clock, random, spec, onAnswer, onVerdict } = this.#options;
    onAnswer(result, clock.now() - askedAt);
    const wasQuick = this.#quick();
    const step = observeCheck(this.#state, spec, { askedAt, counts, result });
    this.#state = step.state;
    if (result.ok) this.#close = false;
    if (wasQuick && !this.#quick()) {
      this.#schedule(clock.now() + random.next() * spec.intervalMs);
    }
    for (const verdict of step.verdicts) onVerdict(verdict);
  }
}
