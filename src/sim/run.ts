/** Runs one case: a world, a controller, faults and checkers, until all is well or time is up. */
import { isDeepStrictEqual } from 'node:util';
import { replay } from '../engine/apply.ts';
import { step } from '../engine/index.ts';
import type { Command } from '../model/command.ts';
import type { EngineEvent } from '../model/event.ts';
import { serviceOf } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import type { Case, Fault } from './case.ts';
import { BlameChecker } from './checkers/blame.ts';
import { BlastRadiusChecker } from './checkers/blast-radius.ts';
import { BudgetChecker } from './checkers/budget.ts';
import { ConsentChecker } from './checkers/consent.ts';
import { DependencyOrderChecker } from './checkers/dependency-order.ts';
import { EvidenceChecker } from './checkers/evidence.ts';
import { FailoverChecker } from './checkers/failover.ts';
import { LogAloneChecker } from './checkers/log-alone.ts';
import { MaintenanceChecker } from './checkers/maintenance.ts';
import { ObserveChecker } from './checkers/observe.ts';
import { PersonChecker } from './checkers/person.ts';
import { RecoveryChecker, recoveryBoundMs } from './checkers/recovery.ts';
import { RequestChecker } from './checkers/requests.ts';
import { SingleCopyChecker } from './checkers/single-copy.ts';
import { WriteAheadChecker } from './checkers/write-ahead.ts';
import { Dice } from './dice.ts';
import { Disk } from './disk.ts';
import { Keeper } from './keeper.ts';
import { Outsider } from './outsider.ts';
import { type Checker, Scene, type Violation } from './scene.ts';
import { Timeline } from './timeline.ts';
import { World } from './world.ts';

export interface RunResult {
  readonly violations: readonly Violation[];
  /** Of the event log. */
  readonly hash: string;
  readonly steps: number;
  readonly events: number;
  readonly simulatedMs: number;
  /** From the end of the faults until all was well. */
  readonly recoveredMs: number;
}

export interface RunOptions {
  /** In place of the real one, to see that a broken engine is found out. */
  readonly step?: typeof step;
  readonly onRecord?: (record: LogRecord) => void;
}

const tickMs = 5_000;
/** All has to stay well for so long. */
const calmMs = 30_000;
const violationsMax = 5;
/** How often a person looks for what only a person can do, once the faults stopped. */
const personEveryMs = 30_000;

export function runCase(given: Case, options: RunOptions = {}): Promise<RunResult> {
  return new Run(given, options).play();
}

class Run {
  readonly #given: Case;
  readonly #options: RunOptions;
  readonly #timeline = new Timeline();
  readonly #world: World;
  readonly #disk: Disk;
  readonly #scene: Scene;
  readonly #keeper: Keeper;
  readonly #outsider: Outsider;
  readonly #evidence: EvidenceChecker;
  readonly #requests: RequestChecker;
  readonly #writeAhead: WriteAheadChecker;
  readonly #recovery: RecoveryChecker;
  readonly #failover: FailoverChecker;
  readonly #checkers: readonly Checker[];
  #steps = 0;
  #crashed = false;
  #decided: readonly Command[] = [];
  /** True time since when all is well. */
  #wellSince: number | null = null;

  constructor(given: Case, options: RunOptions) {
    this.#given = given;
    this.#options = options;
    const dice = new Dice(`${given.seed}/run`);
    this.#world = new World(this.#timeline, dice.of('world'), given);
    this.#outsider = new Outsider(this.#timeline, this.#world, given.spec);
    this.#outsider.begin(dice.of('outsider'));
    this.#disk = new Disk(this.#timeline, dice.of('disk'));
    this.#scene = new Scene(given.spec, this.#world);
    this.#evidence = new EvidenceChecker(this.#scene);
    this.#requests = new RequestChecker(this.#scene);
    this.#writeAhead = new WriteAheadChecker(this.#scene);
    this.#recovery = new RecoveryChecker(this.#scene);
    this.#failover = new FailoverChecker(this.#scene);
    this.#checkers = [
      this.#evidence,
      new BudgetChecker(this.#scene),
      new BlastRadiusChecker(this.#scene),
      new DependencyOrderChecker(this.#scene),
      new BlameChecker(this.#scene),
      new PersonChecker(this.#scene),
      new SingleCopyChecker(this.#scene),
      new ConsentChecker(this.#scene),
      new ObserveChecker(this.#scene),
      new MaintenanceChecker(this.#scene),
      new LogAloneChecker(this.#scene),
      this.#requests,
      this.#writeAhead,
      this.#recovery,
      this.#failover,
    ];
    this.#disk.onDurable = (records) => {
      this.#writeAhead.durable(records);
      this.#failover.durable(records);
    };
    this.#keeper = this.#makeKeeper(dice.of('keeper'));
  }

  async play(): Promise<RunResult> {
    const { quietAt, faults } = this.#given;
    for (const fault of faults) {
      this.#timeline.after(fault.at, () => {
        this.#inject(fault);
        return undefined;
      });
    }
    this.#keeper.start();
    this.#tick();
    await this.#timeline.run(quietAt, () => this.#isOver());
    this.#keeper.disarm();
    this.#outsider.thorough = true;
    this.#wellSince = null;
    this.#personMends();
    const end = this.#timeline.now + recoveryBoundMs(this.#given);
    await this.#timeline.run(end, () => this.#isOver() || this.#isCalm());
    if (!this.#isOver()) {
      for (const checker of this.#checkers) checker.end?.();
      await this.#checkReplay();
    }
    return this.#result();
  }

  #result(): RunResult {
    return {
      violations: this.#scene.violations,
      hash: this.#disk.hash,
      steps: this.#steps,
      events: this.#timeline.count,
      simulatedMs: this.#timeline.now,
      recoveredMs: Math.max(0, (this.#wellSince ?? this.#timeline.now) - this.#given.quietAt),
    };
  }

  #isOver(): boolean {
    return this.#crashed || this.#scene.violations.length >= violationsMax;
  }

  #isCalm(): boolean {
    if (this.#wellSince === null || this.#timeline.now - this.#wellSince < calmMs) return false;
    return this.#recovery.unwell() === null;
  }

  #makeKeeper(dice: Dice): Keeper {
    return new Keeper({
      timeline: this.#timeline,
      world: this.#world,
      disk: this.#disk,
      dice,
      given: this.#given,
      step: (state, event) => this.#step(state, event),
      onStep: (event, records) => this.#onStep(event, records),
      onCommand: (command) => {
        for (const checker of this.#checkers) checker.command?.(command);
      },
      onReply: (requestId) => this.#requests.replied(requestId),
      onRequest: (requestId) => this.#requests.asked(requestId),
      onDeath: () => {
        this.#scene.disturbances.push(this.#timeline.now);
        const durable = this.#disk.records().map((stored) => stored.record);
        this.#scene.relive(durable, this.#checkers);
      },
    });
  }

  readonly #step: typeof step = (state, event) => {
    this.#steps += 1;
    try {
      const result = (this.#options.step ?? step)(state, event);
      this.#decided = result.commands;
      return result;
    } catch (error) {
      this.#crashed = true;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#scene.complain('engine', text, 'crash');
      return { records: [], commands: [] };
    }
  };

  #onStep(event: EngineEvent, records: readonly LogRecord[]): void {
    for (const checker of this.#checkers) checker.event?.(event);
    for (const record of records) {
      this.#options.onRecord?.(record);
      this.#scene.note(record, this.#checkers);
    }
    this.#evidence.decided(this.#decided);
  }

  #tick(): void {
    this.#timeline.after(tickMs, () => {
      if (this.#keeper.state !== null) for (const checker of this.#checkers) checker.tick?.();
      if (this.#recovery.unwell() !== null || this.#keeper.state === null) this.#wellSince = null;
      else this.#wellSince ??= this.#timeline.now;
      this.#tick();
      return undefined;
    });
  }

  #inject(fault: Fault): void {
    const { now } = this.#timeline;
    switch (fault.name) {
      case 'controller-kill':
        this.#keeper.arm(fault);
        return;
      case 'sleep':
        this.#scene.disturbances.push(now, now + fault.ms);
        this.#keeper.pause(fault.ms);
        return;
      case 'clock-step':
        this.#scene.disturbances.push(now);
        this.#keeper.stepClock(fault.ms);
        return;
      case 'request':
        this.#keeper.request(fault.request);
        return;
      case 'answer':
        this.#answer(fault.given);
        return;
      case 'meddling':
        this.#outsider.meddle(fault);
        return;
      case 'log-lines':
        this.#world.chatter(fault);
        return;
      case 'host-disk':
      case 'host-io':
        this.#world.troubleHost(fault);
        return;
      case 'no-position':
        this.#world.replicas.get(serviceOf(fault.target) ?? '')?.silence(fault.target, fault.until);
        return;
      case 'disk-full':
        this.#disk.full = true;
        this.#at(fault.until, () => {
          this.#disk.full = false;
        });
        return;
      case 'disk-slow':
        this.#disk.slowMs = fault.ms;
        this.#at(fault.until, () => {
          this.#disk.slowMs = 0;
        });
        return;
      case 'lost-probes':
      case 'late-probes':
      case 'false-green':
        this.#world.lie(fault);
        return;
      default:
        this.#world.inject(fault);
    }
  }

  /** Consents to, or refuses, what the newest incident that needs a person waits for. */
  #answer(given: boolean): void {
    const needy = [...this.#scene.ledger.incidents.values()].findLast(
      (one) => one.state === 'needs-person',
    );
    if (needy === undefined) return;
    this.#keeper.request({ kind: given ? 'approve' : 'reject', incident: needy.id });
  }

  #at(time: number, action: () => void): void {
    this.#timeline.after(time - this.#timeline.now, () => {
      action();
      return undefined;
    });
  }

  /** What only a person can do: wants again what was stopped, restarts what has policy «no». */
  #personMends(): void {
    const wasStopped = this.#given.faults.some((fault) => fault.name === 'request');
    const jobs = this.#given.spec.services.filter((one) => one.restart.policy === 'no');
    let asked = !wasStopped;
    const ask = (): undefined => {
      this.#timeline.after(personEveryMs, ask);
      if (this.#keeper.state === null) return;
      if (!asked) asked = this.#keeper.request({ kind: 'up' });
      for (const { name } of jobs) {
        const gone = this.#scene.known(name).some((one) => one.phase === 'exited');
        if (gone) this.#keeper.request({ kind: 'restart', target: name });
      }
    };
    this.#timeline.after(1_000, ask);
  }

  /** The state is the fold of the durable records. */
  async #checkReplay(): Promise<void> {
    for (let second = 0; second < 20; second += 1) {
      const state = this.#keeper.state;
      const replayed = replay(this.#disk.records().map((stored) => stored.record));
      if (state !== null && replayed.seq === state.seq) {
        if (!isDeepStrictEqual(replayed, JSON.parse(JSON.stringify(state))))
          this.#scene.complain('replay', 'the log replays to another state');
        return;
      }
      await this.#timeline.run(this.#timeline.now + 1_000, () => false);
    }
    this.#scene.complain('replay', 'the log never caught up with the state');
  }
}
