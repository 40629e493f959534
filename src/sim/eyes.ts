/**
 * The observer of one controller, over the model world: the real detectors, health watches,
 * expressions and confirmations, with answers that the world gives instead of sockets and procfs.
 */

import type { CheckResult, HealthVerdict } from '../detect/health.ts';
import type { Happening } from '../model/event.ts';
import type { InstanceId } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import { Confirmation } from '../observe/confirmation.ts';
import { ExpressionWatch } from '../observe/expression-watch.ts';
import { HealthWatch } from '../observe/health-watch.ts';
import { Outlet, Symptoms } from '../observe/outlet.ts';
import type { ControllerProcess } from './controller-process.ts';
import type { Dice } from './dice.ts';
import { LogPattern } from './log-pattern.ts';
import type { Process, World } from './world.ts';

const settleMs = 1_000;
const sampleMs = 1_000;

interface EyesOptions {
  readonly process: ControllerProcess;
  readonly world: World;
  readonly dice: Dice;
  readonly tell: (happening: Happening) => void;
}

export class Eyes {
  readonly #options: EyesOptions;
  readonly #outlet: Outlet;
  readonly #watches = new Map<InstanceId, Watch>();
  readonly #host: Symptoms;

  constructor(options: EyesOptions) {
    this.#options = options;
    this.#outlet = new Outlet(options.process, options.dice, 'here');
    this.#outlet.onHappening(options.tell);
    this.#host = new Symptoms(this.#outlet, 'host:here');
  }

  /** A line that patterns match is in the log of an instance. */
  read(instance: InstanceId): void {
    this.#watches.get(instance)?.read();
  }

  /** What the kernel told before we began to listen is passed over. */
  kernelTells(failing: boolean): void {
    const evidence = 'I/O error on sda';
    const began = this.#outlet.clock.now();
    if (!failing) this.#host.end('io-error');
    else this.#host.begin({ name: 'io-error', kind: 'io-error', began, evidence, faults: [] });
  }

  watch(process: Process, service: ServiceSpec, beginning: Beginning): void {
    this.unwatch(process.instance);
    const watched = { process, service, ...beginning };
    const watch = new Watch(this.#options, this.#outlet, watched);
    this.#watches.set(process.instance, watch);
  }

  unwatch(instance: InstanceId): void {
    this.#watches.get(instance)?.close();
    this.#watches.delete(instance);
  }

  confirm(instances: readonly InstanceId[], timeoutMs: number): void {
    for (const instance of instances) {
      const watch = this.#watches.get(instance);
      if (watch !== undefined) watch.confirm(timeoutMs);
      else
        this.#options.tell({
          kind: 'confirmed',
          instance,
          healthy: false,
          evidence: 'not running',
        });
    }
  }

  slept(): void {
    for (const watch of this.#watches.values()) watch.slept();
  }
}

interface Beginning {
  readonly adopted: boolean;
  /** Absent: if it was adopted. */
  readonly wasReady?: boolean;
  /** Stack time, as far as is known. */
  readonly startedAt: number;
}

interface Watched extends Beginning {
  readonly process: Process;
  readonly service: ServiceSpec;
}

/** All that is watched of one run of an instance. */
class Watch {
  readonly #options: EyesOptions;
  readonly #outlet: Outlet;
  readonly #watched: Watched;
  readonly #symptoms: Symptoms;
  readonly #health: HealthWatch | null;
  readonly #expressions: readonly ExpressionWatch[];
  readonly #patterns: readonly LogPattern[];
  readonly #confirmations = new Set<Confirmation>();
  #closed = false;

  constructor(options: EyesOptions, outlet: Outlet, watched: Watched) {
    this.#options = options;
    this.#outlet = outlet;
    this.#watched = watched;
    const { instance } = watched.process;
    this.#symptoms = new Symptoms(outlet, instance);
    this.#health = this.#watchHealth();
    this.#expressions = watched.service.symptoms
      .filter((spec) => spec.kind === 'expr')
      .map((spec) => new ExpressionWatch(outlet, this.#symptoms, instance, spec));
    this.#patterns = watched.service.symptoms
      .filter((spec) => spec.kind === 'log')
      .map((spec) => new LogPattern(outlet, this.#symptoms, spec));
    if (this.#expressions.length > 0) this.#armSample();
    if (this.#health === null) this.#settle();
  }

  read(): void {
    for (const pattern of this.#patterns) pattern.matched();
  }

  /** Who runs what is not ours may have put another in its place. */
  get #process(): Process {
    const { process, service } = this.#watched;
    if (service.driver !== 'external') return process;
    return this.#options.world.process(process.instance) ?? process;
  }

  close(): void {
    this.#closed = true;
    for (const pattern of this.#patterns) pattern.close();
    this.#symptoms.close();
    this.#health?.close();
    for (const confirmation of this.#confirmations) confirmation.answer(false, 'not running');
    this.#outlet.signals.drop(this.#watched.process.instance);
  }

  slept(): void {
    this.#health?.slept();
    for (const confirmation of this.#confirmations) confirmation.ask();
  }

  confirm(timeoutMs: number): void {
    const health = this.#health;
    const { instance } = this.#watched.process;
    const confirmation = new Confirmation(this.#outlet, instance, timeoutMs, (answer) => {
      if (health !== null) return health.checkNow(answer);
      answer(this.#aliveResult());
      return () => undefined;
    });
    for (const known of this.#confirmations) if (known.done) this.#confirmations.delete(known);
    if (!confirmation.done) this.#confirmations.add(confirmation);
  }

  #aliveResult(): CheckResult {
    return this.#options.world.isStopped(this.#watched.process.instance)
      ? { ok: false, failure: 'timeout', text: 'the kernel says the process is stopped' }
      : { ok: true };
  }

  /** Without a check it is ready when it has been up for a moment. */
  #settle(): void {
    const { process, service, adopted } = this.#watched;
    this.#outlet.clock.after(adopted ? 0 : settleMs, () => {
      // Of what somebody else runs no process is known here: it lives until its status says no.
      const isKnown = service.driver !== 'external';
      const lives = !isKnown || this.#options.world.process(process.instance) === process;
      if (!this.#closed && lives) {
        this.#outlet.tell({ kind: 'ready', instance: process.instance });
      }
    });
  }

  #watchHealth(): HealthWatch | null {
    const { service, adopted, wasReady = adopted, startedAt } = this.#watched;
    if (service.healthcheck === null) return null;
    return new HealthWatch({
      clock: this.#outlet.clock,
      random: this.#options.dice,
      turns: this.#outlet.turns,
      spec: service.healthcheck,
      startedAt,
      wasReady,
      question: (settle) => this.#ask(settle),
      onVerdict: (verdict) => this.#tellVerdict(verdict),
      onAnswer: (result, tookMs) => this.#answered(result, tookMs),
    });
  }

  #ask(settle: (result: CheckResult) => void): () => void {
    const { world, process: controller } = this.#options;
    const answer = world.probe(this.#process);
    if (answer !== null) controller.input(answer.afterMs, () => settle(answer.result));
    return () => undefined;
  }

  #answered(result: CheckResult, tookMs: number): void {
    const { instance } = this.#watched.process;
    this.#outlet.measure(instance, 'health.latency', tookMs / 1_000);
    if (result.ok) this.#symptoms.end('stopped');
    else if (result.failure === 'timeout' && this.#options.world.isStopped(instance)) {
      this.#symptoms.begin({
        name: 'stopped',
        kind: 'stopped',
        began: this.#outlet.clock.now(),
        evidence: 'the kernel says the process is stopped',
        faults: [],
      });
    }
  }

  #tellVerdict(verdict: HealthVerdict): void {
    const { instance } = this.#watched.process;
    if (verdict.kind === 'ready') this.#outlet.tell({ kind: 'ready', instance });
    if (verdict.kind === 'suspect')
      this.#outlet.tell({ kind: 'suspect', instance, suspected: verdict.suspected });
    if (verdict.kind === 'ended') this.#symptoms.end('health');
    if (verdict.kind === 'began') {
      const { symptom: kind, began, evidence } = verdict;
      this.#symptoms.begin({ name: 'health', kind, began, evidence, faults: [] });
    }
  }

  #armSample(): void {
    this.#outlet.clock.after(sampleMs, () => {
      if (this.#closed) return;
      const { world } = this.#options;
      const process = this.#process;
      this.#outlet.measure(process.instance, 'memory.rss', world.memoryBytes(process));
      this.#outlet.measure('host:here', 'host.disk.free', world.hostDiskFreeBytes);
      for (const expression of this.#expressions) expression.sampled(this.#outlet.clock.now());
      this.#armSample();
    });
  }
}
