/**
 * All that is watched of one instance between `watch` and `unwatch`: its health, whether it is
 * stopped, its expressions and log patterns.
 */
import type { CheckResult, HealthVerdict } from '../detect/health.ts';
import type { InstanceId } from '../model/ids.ts';
import type { SignalName } from '../model/sample.ts';
import type { WatchedInstance } from '../ports/observer.ts';
import { childrenOf, Starvation } from '../ports/starvation.ts';
import type { Question } from './check.ts';
import { commandLines } from './command-lines.ts';
import { Confirmation } from './confirmation.ts';
import { DiskWatch } from './disk-watch.ts';
import type { ExecOptions } from './exec-probe.ts';
import { ExpressionWatch } from './expression-watch.ts';
import { HealthWatch, type Patience } from './health-watch.ts';
import type { LogPlaces } from './log-places.ts';
import { type FollowedLine, type LogReader, LogWatch } from './log-watch.ts';
import { type Outlet, Symptoms } from './outlet.ts';
import type { PatternMatcher } from './pattern-matcher.ts';
import { ProcessTree } from './process-tree.ts';
import { livingStat } from './procfs.ts';
import { questionOf } from './question.ts';

/** An instance without a check is ready when it has been up for so long. */
const settleMs = 1_000;
/** Stopped for so long at least: a debugger or a shell may stop a process for a moment. */
const stoppedMs = 200;
/** The kernel's kill of a member of the tree is a moment; the symptom ends after so long. */
const oomMs = 60_000;
/** So much more time has an answer for want of a processor. */
const patientFactor = 10;
const patientMsMax = 30_000;
/** Of what was printed while nobody watched, so much is caught up with. */
const caughtUpBytesMax = 2 ** 20;

export interface InstanceWatchOptions {
  readonly outlet: Outlet;
  readonly matcher: PatternMatcher;
  readonly asUser: ExecOptions['asUser'];
  readonly logReader: LogReader;
  readonly places: LogPlaces;
}

export class InstanceWatch {
  readonly watched: WatchedInstance;
  readonly #outlet: Outlet;
  readonly #symptoms: Symptoms;
  readonly #health: HealthWatch | null;
  readonly #expressions: readonly ExpressionWatch[];
  readonly #tree: ProcessTree;
  readonly #disk: DiskWatch | null;
  readonly #log: LogWatch | null;
  readonly #confirmations = new Set<Confirmation>();
  readonly #give = (signal: SignalName, value: number): void => {
    this.#outlet.measure(this.instance, signal, value, this.#sampledAt);
  };
  #sampledAt = 0;
  #cancelSettle: () => void = () => undefined;
  #cancelStopped: (() => void) | null = null;
  #cancelOom: () => void = () => undefined;

  constructor(options: InstanceWatchOptions, watched: WatchedInstance) {
    const { outlet } = options;
    this.watched = watched;
    this.#outlet = outlet;
    this.#symptoms = new Symptoms(outlet, watched.instance);
    this.#health = this.#watchHealth(options.asUser);
    this.#expressions = this.#watchExpressions();
    this.#tree = this.#watchTree();
    this.#disk = DiskWatch.of(outlet, this.#symptoms, watched);
    this.#log = this.#watchLog(options);
    if (this.#health === null) {
      this.#cancelSettle = outlet.clock.after(watched.adopted ? 0 : settleMs, () => {
        if (this.#alive()) outlet.tell({ kind: 'ready', instance: watched.instance });
      });
    }
  }

  get instance(): InstanceId {
    return this.watched.instance;
  }

  confirm(timeoutMs: number): void {
    const health = this.#health;
    const confirmation = new Confirmation(this.#outlet, this.instance, timeoutMs, (answer) => {
      if (health !== null) return health.checkNow(answer);
      answer(this.#aliveResult());
      return () => undefined;
    });
    for (const known of this.#confirmations) if (known.done) this.#confirmations.delete(known);
    if (!confirmation.done) this.#confirmations.add(confirmation);
  }

  /** Without a check nobody could acquit it. */
  suspect(): void {
    this.#health?.suspect();
  }

  slept(): void {
    this.#health?.slept();
    for (const confirmation of this.#confirmations) confirmation.ask();
  }

  /** Known members of its tree. */
  get members(): readonly number[] {
    return this.#tree.members;
  }

  sample(): void {
    const now = this.#outlet.clock.now();
    this.#sampledAt = now;
    const state = this.#tree.sample(now, this.#give);
    this.#disk?.sample();
    if (state !== null) this.#sawState(state, false);
    for (const expression of this.#expressions) expression.sampled(now);
  }

  /** The kernel killed a member of its tree for memory. */
  memberKilled(text: string): void {
    const { clock } = this.#outlet;
    const evidence = `kernel: ${text}`;
    this.#symptoms.begin({ name: 'oom', kind: 'oom', began: clock.now(), evidence, faults: [] });
    this.#cancelOom();
    this.#cancelOom = clock.after(oomMs, () => this.#symptoms.end('oom'));
  }

  /** The kernel's word on the main process. `sure`: there is more reason to believe it. */
  #sawState(state: string, sure: boolean): void {
    if (state !== 'T') {
      this.#cancelStopped?.();
      this.#cancelStopped = null;
      this.#symptoms.end('stopped');
    } else if (sure) {
      this.#beginStopped();
    } else {
      this.#cancelStopped ??= this.#outlet.clock.after(stoppedMs, () => this.#lookStopped());
    }
  }

  close(): void {
    this.#symptoms.close();
    this.#cancelSettle();
    this.#cancelStopped?.();
    this.#cancelOom();
    this.#health?.close();
    this.#log?.close();
    this.#tree.close();
    for (const confirmation of this.#confirmations) confirmation.answer(false, 'not running');
    this.#outlet.signals.drop(this.instance);
  }

  #watchHealth(asUser: ExecOptions['asUser']): HealthWatch | null {
    const { service, startedAt, adopted, wasReady = adopted } = this.watched;
    const spec = service.healthcheck;
    if (spec === null) return null;
    const questionWithin = (timeoutMs: number): Question =>
      questionOf(spec.probe, this.watched, timeoutMs, {
        asUser,
        onPerfdata: (values) => {
          for (const { label, value } of values) {
            this.#outlet.measure(this.instance, `check.${label}`, value);
          }
        },
      });
    const patience = this.#patience(spec.timeoutMs, questionWithin);
    return new HealthWatch({
      clock: this.#outlet.clock,
      random: this.#outlet.random,
      turns: this.#outlet.turns,
      spec,
      startedAt,
      wasReady,
      question: questionWithin(spec.timeoutMs),
      ...(patience === null ? {} : { patience }),
      onVerdict: (verdict) => this.#tellVerdict(verdict),
      onAnswer: (result, tookMs, at) => this.#answered(result, tookMs, at),
    });
  }

  /** A primary that has only too much work is not failed over, nor a standby given up. */
  #patience(usualMs: number, questionWithin: (timeoutMs: number) => Question): Patience | null {
    const { pid, service } = this.watched;
    if (pid === null || service.failover === undefined) return null;
    const { clock } = this.#outlet;
    // Ours too: an answer that we had no processor to take is none of its faults.
    const starvation = new Starvation(() => [pid, ...childrenOf(pid), process.pid]);
    const timeoutMs = Math.max(usualMs, Math.min(patientMsMax, patientFactor * usualMs));
    const question = questionWithin(timeoutMs);
    return { isStarved: () => starvation.look(clock.now()), question, timeoutMs };
  }

  #watchExpressions(): ExpressionWatch[] {
    return this.watched.service.symptoms
      .filter((spec) => spec.kind === 'expr')
      .map((spec) => new ExpressionWatch(this.#outlet, this.#symptoms, this.instance, spec));
  }

  #watchTree(): ProcessTree {
    const signals = new Set(this.#expressions.flatMap((expression) => expression.signals));
    const files = ['descriptors', 'io.read', 'io.write'].some((signal) => signals.has(signal));
    const needs = { pss: signals.has('memory.pss'), files };
    return new ProcessTree(this.#outlet.clock, this.watched, needs, signals.size > 0);
  }

  #watchLog(options: InstanceWatchOptions): LogWatch | null {
    const { outlet, matcher, places, logReader } = options;
    const { instance, service, startedAt, logDir } = this.watched;
    const specs = service.symptoms.filter((spec) => spec.kind === 'log');
    if (specs.length === 0) return null;
    const common = { outlet, symptoms: this.#symptoms, matcher, instance, specs };
    if (logDir === null) {
      const lines = this.#commandLines(options);
      return lines === null ? null : new LogWatch({ ...common, from: 0, lines });
    }
    const from = this.#logFrom(options, logDir);
    const lines = (signal: AbortSignal) => recentLines(logReader, logDir, from, signal);
    const log = new LogWatch({ ...common, from, lines });
    places.follow(instance, { startedAt, matched: () => log.matched });
    return log;
  }

  /** Where the controller before us left off with this run, or where the run began. */
  #logFrom({ logReader, places }: InstanceWatchOptions, logDir: string): number {
    const { instance, adopted, startedAt, logOffset = null } = this.watched;
    const known = adopted ? places.leftOff(instance, startedAt) : logOffset;
    return known ?? logReader.end(logDir);
  }

  #commandLines({ outlet, asUser }: InstanceWatchOptions) {
    const { watched } = this;
    const { instance, logCommand: argv } = watched;
    if (argv === undefined) return null;
    const onEnded = (how: string) => {
      outlet.report(instance, 'daruma', 'LOG_ENDED', `its logs command ended with ${how}`);
    };
    return (signal: AbortSignal): AsyncIterable<FollowedLine> =>
      commandLines({ argv, watched, asUser, onEnded }, signal);
  }

  #answered(result: CheckResult, tookMs: number, at: number): void {
    this.#outlet.measure(this.instance, 'health.latency', tookMs / 1_000, at);
    const timedOut = !result.ok && result.failure === 'timeout';
    const runsAgain = result.ok && this.#symptoms.holds('stopped');
    if (timedOut || runsAgain) this.#lookStopped();
  }

  #tellVerdict(verdict: HealthVerdict): void {
    const { instance } = this.watched;
    if (verdict.kind === 'ready') this.#outlet.tell({ kind: 'ready', instance });
    if (verdict.kind === 'suspect') {
      this.#outlet.tell({ kind: 'suspect', instance, suspected: verdict.suspected });
    }
    if (verdict.kind === 'ended') this.#symptoms.end('health');
    if (verdict.kind === 'began') {
      const { symptom: kind, began, evidence } = verdict;
      this.#symptoms.begin({ name: 'health', kind, began, evidence, faults: [] });
      const code = kind.replace('-', '_').toUpperCase();
      this.#outlet.report(instance, 'check', code, evidence);
    }
  }

  #lookStopped(): void {
    this.#cancelStopped = null;
    const stat = this.watched.pid === null ? null : livingStat(this.watched.pid);
    if (stat !== null) this.#sawState(stat.state, true);
  }

  #beginStopped(): void {
    this.#symptoms.begin({
      name: 'stopped',
      kind: 'stopped',
      began: this.#outlet.clock.now(),
      evidence: 'the kernel says the process is stopped',
      faults: [],
    });
  }

  #alive(): boolean {
    return this.watched.pid === null || livingStat(this.watched.pid) !== null;
  }

  #aliveResult(): CheckResult {
    const { pid } = this.watched;
    const stat = pid === null ? null : livingStat(pid);
    if (pid === null) return { ok: true };
    if (stat === null) return { ok: false, failure: 'failed', text: 'its process is gone' };
    if (stat.state !== 'T') return { ok: true };
    return { ok: false, failure: 'timeout', text: 'the kernel says the process is stopped' };
  }
}

/** Not more than a person would want to be told of: what is cut off begins with a whole line. */
async function* recentLines(
  reader: LogReader,
  logDir: string,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<FollowedLine> {
  const begin = Math.max(from, reader.end(logDir) - caughtUpBytesMax);
  let cut = begin > from;
  for await (const line of reader.follow(logDir, begin, signal)) {
    if (!cut) yield line;
    cut = false;
  }
}
