/**
 * One life of the controller: the real loop, recorder, engine and wakefulness over virtual ports,
 * started as `src/controller/controller.ts` starts it.
 */
import type { Externals } from '../controller/externals.ts';
import { Loop } from '../controller/loop.ts';
import { watchWakefulness } from '../controller/wakefulness.ts';
import type { EngineState, step } from '../engine/index.ts';
import type { Command } from '../model/command.ts';
import type { EngineEvent, Happening } from '../model/event.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { KillPoint } from './case.ts';
import type { ControllerProcess } from './controller-process.ts';
import type { Dice } from './dice.ts';
import type { Disk } from './disk.ts';
import { followExternals } from './external-driver.ts';
import { Eyes } from './eyes.ts';
import { watchRoles } from './groups/role-eyes.ts';
import { Hands } from './hands.ts';
import { isObserved } from './outsider.ts';
import type { Process, World } from './world.ts';

const noticeMs = 1;

/** A run file tells of a run that ended while nobody watched. */
export interface EndedRun {
  readonly startedAt: number;
  readonly exit: ExitInfo;
}

export interface LifeOptions {
  readonly process: ControllerProcess;
  readonly world: World;
  readonly disk: Disk;
  readonly dice: Dice;
  readonly spec: StackSpec;
  readonly step: typeof step;
  readonly endedRuns: ReadonlyMap<string, EndedRun>;
  readonly pass: (point: KillPoint) => void;
  readonly onStep: (event: EngineEvent, records: readonly LogRecord[]) => void;
  readonly onCommand: (command: Command) => void;
  readonly onReply: (command: Extract<Command, { kind: 'reply' }>) => void;
}

export class Life {
  readonly #options: LifeOptions;
  readonly #eyes: Eyes;
  readonly #hands: Hands;
  readonly #externals: Externals;
  readonly #known = new Set<Process>();
  #loop: Loop | null = null;

  constructor(options: LifeOptions) {
    this.#options = options;
    const { process, world, dice, pass } = options;
    const tell = (happening: Happening): void => this.tell(happening);
    this.#eyes = new Eyes({ process, world, dice: dice.of('eyes'), tell });
    const store = options.disk.store(process);
    this.#externals = followExternals({ process, world, eyes: this.#eyes, store, tell });
    this.#hands = new Hands({
      process,
      world,
      dice: dice.of('hands'),
      eyes: this.#eyes,
      externals: this.#externals,
      tell,
      reply: (command) => options.onReply(command),
      pass,
    });
  }

  /** Null until the log is read. */
  get state(): EngineState | null {
    return this.#loop?.state ?? null;
  }

  tell(happening: Happening): void {
    if (this.#options.process.alive) this.#loop?.push(happening);
  }

  async start(): Promise<void> {
    const { process, disk, dice, onStep, onCommand } = this.#options;
    const loop = await Loop.recover({
      store: disk.store(process),
      clock: process,
      notBefore: (time) => process.notBefore(time),
      random: dice.of('loop'),
      step: this.#options.step,
      foresee: (command) => {
        if (process.alive) this.#hands.foresee(command);
      },
      run: (command) => {
        if (!process.alive) return;
        onCommand(command);
        this.#hands.run(command);
      },
      onStored: () => undefined,
      // What was queued when the controller was killed never happened.
      onStep: (event, records) => {
        if (process.alive) onStep(event, records);
      },
    });
    this.#loop = loop;
    watchWakefulness(process, (ms) => {
      this.#eyes.slept();
      this.tell({ kind: 'slept', ms });
    });
    watchRoles(process, this.#options.world, (happening) => this.tell(happening));
    this.tell({ kind: 'configured', spec: this.#options.spec });
    await this.#look();
  }

  /** A line of its log that a pattern may match. */
  read(instance: InstanceId): void {
    this.#options.process.input(1, () => this.#eyes.read(instance));
  }

  kernelTells(failing: boolean): void {
    this.#options.process.input(1, () => this.#eyes.kernelTells(failing));
  }

  /** What runs is adopted and watched; what doesn't is told. */
  async #look(): Promise<void> {
    const { world, endedRuns, spec } = this.#options;
    for (const instance of world.instances) {
      const running = world.process(instance);
      const service = world.service(instance);
      if (service?.driver === 'external') continue;
      if (running !== null && service !== null) {
        const { pid, port, startedAt } = running;
        const known = this.#loop?.state.instances[instance];
        const wasReady = known?.phase === 'ready' && known.pid === pid;
        this.tell({ kind: 'found', instance, running: true, pid, port, startedAt, exit: null });
        this.#eyes.watch(running, service, { adopted: true, wasReady, startedAt });
        continue;
      }
      const ended = endedRuns.get(instance);
      const told = { startedAt: ended?.startedAt ?? null, exit: ended?.exit ?? null };
      this.tell({ kind: 'found', instance, running: false, pid: null, port: null, ...told });
    }
    const externals = spec.services.filter((one) => one.driver === 'external');
    await Promise.all(
      externals.map((service) =>
        this.#externals.follow(service, { observed: isObserved(spec, service) }),
      ),
    );
    this.tell({ kind: 'looked' });
  }

  /** A process ended. */
  ended(process: Process, exit: ExitInfo): void {
    if (this.#loop === null || this.#hands.ended(process) || this.#known.has(process)) return;
    // Nobody tells us of the ends of what is not ours: it is found out.
    if (this.#options.world.service(process.instance)?.driver === 'external') return;
    this.#known.add(process);
    this.#options.process.input(noticeMs, () => {
      if (!this.#hands.notices(process)) return;
      const successor = this.#options.world.process(process.instance);
      if (successor === null) this.#eyes.unwatch(process.instance);
      this.tell({ kind: 'exited', instance: process.instance, exit });
    });
  }
}
