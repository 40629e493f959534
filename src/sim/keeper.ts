/** Starts the controller, kills it where a fault says so, and starts the next one. */
import type { EngineState, step } from '../engine/index.ts';
import type { Command } from '../model/command.ts';
import type { EngineEvent, PersonRequest } from '../model/event.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { LogRecord } from '../model/record.ts';
import type { Case, Fault, KillPoint } from './case.ts';
import { ControllerProcess } from './controller-process.ts';
import type { Dice } from './dice.ts';
import type { Disk } from './disk.ts';
import { type EndedRun, Life } from './life.ts';
import type { Timeline } from './timeline.ts';
import type { Process, World } from './world.ts';

/** Wall clock at the beginning. */
const epoch = 1_800_000_000_000;

export type KillFault = Extract<Fault, { readonly name: 'controller-kill' }>;

export interface KeeperOptions {
  readonly timeline: Timeline;
  readonly world: World;
  readonly disk: Disk;
  readonly dice: Dice;
  readonly given: Case;
  readonly step: typeof step;
  readonly onStep: (event: EngineEvent, records: readonly LogRecord[]) => void;
  readonly onCommand: (command: Command) => void;
  readonly onReply: (requestId: string) => void;
  readonly onRequest: (requestId: string) => void;
  /** The controller died: what it had not answered is lost to who asked. */
  readonly onDeath: () => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #endedRuns = new Map<string, EndedRun>();
  #process: ControllerProcess | null = null;
  #life: Life | null = null;
  #lives = 0;
  #requests = 0;
  #wallAhead = epoch;
  #armed: { readonly fault: KillFault; left: number } | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    const { disk, world } = options;
    disk.onAppending = () => this.#pass('before-append');
    disk.onAppended = () => this.#pass('after-append');
    world.onEnd = (process, exit) => this.#ended(process, exit);
    world.onLine = (instance) => this.#life?.read(instance);
    world.onKernel = (failing) => this.#life?.kernelTells(failing);
  }

  get state(): EngineState | null {
    return this.#life?.state ?? null;
  }

  /** Stack time, as the living controller has it. */
  get stackTime(): number {
    return this.#process?.now() ?? 0;
  }

  start(): void {
    const { timeline, world, disk, dice, given, step, onStep, onCommand } = this.#options;
    this.#lives += 1;
    const process = new ControllerProcess(timeline, this.#wallAhead);
    this.#process = process;
    const life = new Life({
      process,
      world,
      disk,
      dice: dice.of(`life ${this.#lives}`),
      spec: given.spec,
      step,
      endedRuns: this.#endedRuns,
      pass: (point) => this.#pass(point),
      onStep,
      onCommand,
      onReply: ({ requestId }) => this.#options.onReply(requestId),
    });
    this.#life = life;
    const ready = life.start();
    timeline.disturb();
    if (this.#lives === 1) void ready.then(() => this.request({ kind: 'up' }));
  }

  /** A person asks; false: nobody is there. */
  request(request: PersonRequest): boolean {
    if (this.#life?.state == null) return false;
    this.#requests += 1;
    const requestId = `r${this.#requests}`;
    this.#options.onRequest(requestId);
    this.#process?.input(1, () =>
      this.#life?.tell({ kind: 'requested', requestId, by: 'ann', request }),
    );
    return true;
  }

  pause(ms: number): void {
    this.#process?.pause(ms);
  }

  stepClock(ms: number): void {
    this.#wallAhead += ms;
  }

  arm(fault: KillFault): void {
    if (fault.point === 'now') this.#kill(fault.downMs);
    else this.#armed = { fault, left: fault.count };
    if (fault.point === 'torn-append') this.#options.disk.tear = () => this.#kill(fault.downMs);
  }

  disarm(): void {
    this.#armed = null;
    this.#options.disk.tear = null;
  }

  #pass(point: KillPoint): void {
    if (this.#armed?.fault.point !== point) return;
    this.#armed.left -= 1;
    if (this.#armed.left > 0) return;
    const { downMs } = this.#armed.fault;
    this.#armed = null;
    this.#kill(downMs);
  }

  #kill(downMs: number): void {
    const { disk, timeline, onDeath, dice } = this.#options;
    if (this.#process === null) return;
    this.#process.kill();
    this.#process = null;
    this.#life = null;
    disk.tear = null;
    disk.writerDied();
    const snapshot = dice.of(`snapshot ${this.#lives}`);
    if (snapshot.chance(0.5))
      disk.keepSnapshot(snapshot.chance(0.3) ? disk.size : snapshot.whole(0, disk.size));
    onDeath();
    timeline.after(downMs, () => {
      this.start();
      return undefined;
    });
  }

  #ended(process: Process, exit: ExitInfo): void {
    const { instance, startedAt } = process;
    const seen = this.#life !== null && this.#life.state !== null;
    const known = seen ? exit : { ...exit, code: null, signal: null, known: false };
    this.#endedRuns.set(instance, { startedAt, exit: known });
    this.#life?.ended(process, exit);
  }
}
