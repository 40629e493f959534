/**
 * The health checks of one instance: asks at a fixed rate and tells what follows from the answers.
 *
 * - Turns follow the schedule and not the answers, so that a slow check never delays the next one;
 *   a few may be under way at once, beyond that a turn is left out.
 * - Until the first passed check, turns come at the start interval; those between the regular ones
 *   can only acquit.
 * - Where a check costs next to nothing, turns come sooner right after the start, at a quarter of
 *   the instance's age, so that what starts quickly is ready quickly. Not while a check is under
 *   way, nor while our loop is busy, such as with many starts at once.
 * - Where patience is asked for, a check that was not answered in its time proves nothing while the
 *   instance has too little of the processor. One at a time is then given more time, until one is
 *   answered as usual again; one that is not answered even then counts.
 * - What was under way while our own process was paused proves nothing. That is not so for ever:
 *   where we are paused again and again, nothing would be noticed any more.
 */
import {
  type CheckResult,
  type HealthState,
  type HealthStep,
  type HealthVerdict,
  initialHealth,
  observeCheck,
  suspectHealth,
  voidHealth,
} from '../detect/health.ts';
import type { HealthcheckSpec } from '../model/stack-spec.ts';
import type { Clock, Random } from '../ports/clock.ts';
import { ask, type CheckAnswer, type Question, timedOut } from './check.ts';
import { slackOf, type Turns } from './turns.ts';

export interface HealthWatchOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly turns: Turns;
  readonly spec: HealthcheckSpec;
  readonly startedAt: number;
  /** As far as known: it has no start period any more. */
  readonly wasReady: boolean;
  readonly question: Question;
  readonly patience?: Patience;
  readonly onVerdict: (verdict: HealthVerdict) => void;
  /** Every answer, with how long it took, and when it came. */
  readonly onAnswer: (result: CheckResult, tookMs: number, at: number) => void;
}

export interface Patience {
  /** Whether the instance, or whoever asks it, waited for a processor of late. */
  readonly isStarved: () => boolean;
  /** The usual one, with more time. */
  readonly question: Question;
  readonly timeoutMs: number;
}

const socketsAtOnceMax = 8;
const processesAtOnceMax = 3;
const soonestMs = 10;
const shareOfAge = 1 / 4;
/** A turn that comes so late tells that the loop is busy. */
const busyMs = 5;
/** Pauses of our own without a passed check in between. */
const pausesMax = 12;

export class HealthWatch {
  readonly #options: HealthWatchOptions;
  readonly #atOnceMax: number;
  /** Asking takes no process and no session of a database. */
  readonly #light: boolean;
  readonly #underWay = new Set<() => void>();
  #state: HealthState;
  #dueAt: number;
  #countedAt = Number.NEGATIVE_INFINITY;
  #suspectedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Asked to look closely: turns at the start interval until a check passes. */
  #close = false;
  /** It is late for want of a processor: the next checks have more time. */
  #isLate = false;
  /** Of our own, since a check passed. */
  #pauses = 0;
  #cancelTurn: () => void = () => undefined;

  constructor(options: HealthWatchOptions) {
    this.#options = options;
    const { spec, clock, random } = options;
    this.#atOnceMax = spec.probe.kind === 'exec' ? processesAtOnceMax : socketsAtOnceMax;
    this.#light = spec.probe.kind === 'http' || spec.probe.kind === 'tcp';
    this.#state = initialHealth(options.startedAt, options.wasReady);
    this.#dueAt = clock.now();
    this.#dueAt += random.next() * this.#periodMs();
    this.#arm();
  }

  /** Checks now, besides the regular turns. Answers once, by the check's own time-out; `null`: the
   * answer proves nothing. */
  checkNow(answer: (result: CheckResult | null) => void): () => void {
    if (this.#state.unhealthy) {
      this.#close = true;
      this.#schedule(this.#options.clock.now() + this.#periodMs());
    }
    return this.#ask(this.#options.clock.now(), true, answer);
  }

  /** Others have reason to doubt it: it is suspected, and checked now. Not more often than it is
   * checked anyway, since a doubt that checks don't share would come again and again. */
  suspect(): void {
    const now = this.#options.clock.now();
    if (now - this.#suspectedAt < this.#options.spec.intervalMs) return;
    this.#suspectedAt = now;
    this.#follow(suspectHealth(this.#state));
    this.#ask(now, true, () => undefined);
  }

  /** Our own process was paused until now: what is under way proves nothing and is given up, unless
   * that happens too often. */
  slept(): void {
    this.#pauses += 1;
    if (this.#isPausedTooOften()) return;
    this.#state = voidHealth(this.#state, this.#options.clock.now());
    this.#freeAll();
  }

  close(): void {
    this.#cancelTurn();
    this.#freeAll();
  }

  #isPausedTooOften(): boolean {
    return this.#pauses > pausesMax;
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
    if (!this.#quick()) return intervalMs;
    return Math.min(startIntervalMs, intervalMs, this.#soonMs());
  }

  #soonMs(): number {
    const { clock, startedAt } = this.#options;
    const now = clock.now();
    if (!this.#light || now - this.#dueAt > busyMs) return Number.POSITIVE_INFINITY;
    return Math.max(soonestMs, shareOfAge * (now - startedAt));
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
      : turns.at(this.#dueAt, slackOf(this.#options.spec.intervalMs), turn);
  }

  #turn(): void {
    const now = this.#options.clock.now();
    const periodMs = this.#periodMs();
    if (this.#mayAsk(now)) this.#ask(now, this.#counts(now), () => undefined);
    const next = this.#dueAt + periodMs;
    this.#dueAt = next > now ? next : now + periodMs;
    this.#arm();
  }

  #mayAsk(now: number): boolean {
    const { startIntervalMs } = this.#options.spec;
    const soon = this.#quick() && now - this.#askedAt < startIntervalMs;
    return this.#underWay.size < (soon || this.#isLate ? 1 : this.#atOnceMax);
  }

  /** Whether a check asked now is a regular one. */
  #counts(now: number): boolean {
    if (this.#quick() && now - this.#countedAt < this.#options.spec.intervalMs) return false;
    this.#countedAt = now;
    return true;
  }

  #ask(now: number, counts: boolean, answer: (result: CheckResult | null) => void): () => void {
    const { clock, question, spec, patience } = this.#options;
    this.#askedAt = now;
    const cancel = (): void => {
      this.#underWay.delete(cancel);
      stop();
    };
    this.#underWay.add(cancel);
    const patient = this.#isLate ? patience : undefined;
    const asked = {
      question: patient?.question ?? question,
      timeoutMs: patient?.timeoutMs ?? spec.timeoutMs,
      now,
    };
    const stop = ask(clock, asked, (answered) => {
      this.#underWay.delete(cancel);
      const counted = answered === 'void' && this.#isPausedTooOften();
      const result = counted ? timedOut(asked.timeoutMs) : answered;
      const isExcused = patient === undefined && this.#isExcused(result);
      if (result !== 'void') this.#take(now, counts && !isExcused, result);
      if (patient !== undefined && result !== 'void' && !result.ok) this.#isLate = false;
      if (isExcused) this.#follow(suspectHealth(this.#state));
      answer(result === 'void' ? null : result);
    });
    return cancel;
  }

  #isExcused(result: CheckAnswer): boolean {
    const { patience } = this.#options;
    if (patience === undefined || result === 'void' || result.ok) return false;
    if (result.failure !== 'timeout' || this.#state.unhealthy) return false;
    this.#isLate ||= patience.isStarved();
    return this.#isLate;
  }

  #take(askedAt: number, counts: boolean, result: CheckResult): void {
    const { clock, random, spec, onAnswer } = this.#options;
    const now = clock.now();
    const tookMs = now - askedAt;
    onAnswer(result, tookMs, now);
    const wasQuick = this.#quick();
    const step = observeCheck(this.#state, spec, { askedAt, counts, result });
    this.#state = step.state;
    if (result.ok) {
      this.#close = false;
      this.#pauses = 0;
      if (tookMs <= spec.timeoutMs) this.#isLate = false;
    }
    if (wasQuick && !this.#quick()) {
      this.#schedule(now + random.next() * spec.intervalMs);
    }
    this.#tell(step);
  }

  #follow(step: HealthStep): void {
    this.#state = step.state;
    this.#tell(step);
  }

  #tell({ verdicts }: HealthStep): void {
    for (const verdict of verdicts) this.#options.onVerdict(verdict);
  }
}
