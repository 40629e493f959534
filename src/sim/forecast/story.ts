/**
 * One story: a stack comes up in the model world, one thing breaks, and what becomes of it is
 * watched: until all is well again, a person is asked, or nobody noticed anything.
 *
 *   up ─▶ settled ─▶ broken ─▶ recovered
 *                       ├────▶ a person is asked
 *                       └────▶ unnoticed, or no end to be seen
 */
import { type EngineState, step as engineStep } from '../../engine/index.ts';
import { noKnowledge } from '../../learn/lessons.ts';
import { type InstanceId, instanceId, type ServiceName } from '../../model/ids.ts';
import type { Knowledge } from '../../model/knowledge.ts';
import type { LogRecord } from '../../model/record.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import type { Case, Fault, Program, ProgramFault } from '../case.ts';
import { Dice } from '../dice.ts';
import { Disk } from '../disk.ts';
import { Keeper } from '../keeper.ts';
import { Timeline } from '../timeline.ts';
import { World } from '../world.ts';

type WorldFault = Extract<Fault, { readonly name: ProgramFault }>;

/** What breaks at one instance; `lasting`: restarts don't mend it. */
export interface Breakage {
  readonly name: ProgramFault;
  readonly target: InstanceId;
  readonly lasting: boolean;
  readonly amount: number;
  readonly variant: boolean;
}

export interface StoryOptions {
  readonly seed: string;
  readonly spec: StackSpec;
  readonly programs: Readonly<Record<ServiceName, Program>>;
  /** All at once. */
  readonly breakages: readonly Breakage[];
  /** What was learned before. */
  readonly knowledge?: Knowledge;
  /** Whether a command of the user's mends what is wrong with its instance; default: none does. */
  readonly mends?: (action: string, target: InstanceId) => boolean;
  /** After a person was asked, what goes on by itself has so long to come right; default: 0. */
  readonly afterAskMs?: number;
  readonly other?: OtherEngine;
  readonly onRecord?: (record: LogRecord) => void;
}

/** In place of the real engine. */
export interface OtherEngine {
  readonly step: typeof engineStep;
  /** It has nothing left to do. */
  isSettled(): boolean;
  /** Something is about to break. */
  onBreak(): void;
}

export type Ending = 'recovered' | 'person' | 'unnoticed';

export interface StoryResult {
  readonly ending: Ending;
  /** From the break on, in which each service did not do its work; none: 0. */
  readonly downMs: Readonly<Record<ServiceName, number>>;
  /** In which some service that no other depends on, thus one for users, did not. */
  readonly usersDownMs: number;
  /** Of all instances together. */
  readonly instancesDownMs: number;
  readonly instancesStillDown: number;
  /** What doesn't work at the end. */
  readonly stillDown: readonly ServiceName[];
  readonly usersStillDown: boolean;
  /** Stack time of the break. */
  readonly brokenAt: number;
  /** What is known at the end. */
  readonly knowledge: Knowledge;
}

const upWithinMs = 600_000;
/** After a start new settings are suspected; that is over then. */
const settleMs = 75_000;
const lookEveryMs = 100;
const calmMs = 10_000;
const noticedWithinMs = 120_000;
const endWithinMs = 1_800_000;

export function tellStory(options: StoryOptions): Promise<StoryResult> {
  return new Story(options).play();
}

class Story {
  readonly #options: StoryOptions;
  readonly #timeline = new Timeline();
  readonly #world: World;
  readonly #keeper: Keeper;
  readonly #users: readonly ServiceName[];
  readonly #downMs: Record<ServiceName, number> = {};
  #usersDownMs = 0;
  #instancesDownMs = 0;
  #noticed = false;
  #asked = false;
  /** True time since when all is well; null: it is not. */
  #wellSince: number | null = null;

  constructor(options: StoryOptions) {
    this.#options = options;
    const { seed, spec, programs } = options;
    const dice = new Dice(`${seed}/story`);
    const given: Case = { seed, spec, programs, faults: [], quietAt: 0 };
    this.#world = new World(this.#timeline, dice.of('world'), given);
    this.#world.mendsBy = options.mends ?? (() => false);
    this.#users = forUsers(spec);
    this.#keeper = new Keeper({
      timeline: this.#timeline,
      world: this.#world,
      disk: new Disk(this.#timeline, dice.of('disk')),
      dice: dice.of('keeper'),
      given,
      step: options.other?.step ?? engineStep,
      onStep: (_, records) => this.#note(records),
      onCommand: () => undefined,
      onReply: () => undefined,
      onRequest: () => undefined,
      onDeath: () => undefined,
    });
  }

  async play(): Promise<StoryResult> {
    const { knowledge, breakages, afterAskMs = 0 } = this.#options;
    this.#keeper.start();
    await this.#until(upWithinMs, () => this.#isWell());
    if (knowledge !== undefined) this.#keeper.request({ kind: 'import-knowledge', knowledge });
    await this.#timeline.run(this.#timeline.now + settleMs, () => false);
    const brokenAt = this.#keeper.stackTime;
    this.#noticed = false;
    this.#asked = false;
    this.#wellSince = null;
    this.#options.other?.onBreak();
    for (const [index, one] of breakages.entries()) this.#world.inject(this.#faultOf(one, index));
    const begunAt = this.#timeline.now;
    this.#watch();
    await this.#until(endWithinMs, () => {
      if (this.#asked) return true;
      if (!this.#noticed) return this.#timeline.now - begunAt >= noticedWithinMs;
      return this.#isCalm();
    });
    if (this.#asked && afterAskMs > 0) await this.#comesRightWithin(afterAskMs);
    return this.#result(brokenAt);
  }

  async #comesRightWithin(ms: number): Promise<void> {
    await this.#until(ms, () => this.#isCalm());
    this.#asked = !this.#isCalm();
  }

  #result(brokenAt: number): StoryResult {
    const names = this.#options.spec.services.map(({ name }) => name);
    const stillDown = names.filter((name) => !this.#serves(name));
    const well = !this.#asked && stillDown.length === 0;
    const ending = well ? 'recovered' : this.#noticed ? 'person' : 'unnoticed';
    return {
      ending,
      downMs: this.#downMs,
      usersDownMs: this.#usersDownMs,
      instancesDownMs: this.#instancesDownMs,
      instancesStillDown: this.#instancesDown(),
      stillDown,
      usersStillDown: this.#users.some((name) => stillDown.includes(name)),
      brokenAt,
      knowledge: this.#keeper.state?.knowledge ?? noKnowledge(),
    };
  }

  async #until(withinMs: number, over: () => boolean): Promise<void> {
    const end = this.#timeline.now + withinMs;
    while (this.#timeline.now < end && !over())
      await this.#timeline.run(this.#timeline.now + 1_000, () => false);
  }

  #note(records: readonly LogRecord[]): void {
    for (const record of records) {
      this.#options.onRecord?.(record);
      if (record.kind === 'symptom-began') this.#noticed = true;
      if (record.kind === 'incident-needs-person') this.#asked = true;
    }
  }

  /** All works, and nothing is left to do, for a while. */
  #isCalm(): boolean {
    if (!this.#isWell()) this.#wellSince = null;
    else this.#wellSince ??= this.#timeline.now;
    return this.#wellSince !== null && this.#timeline.now - this.#wellSince >= calmMs;
  }

  #isWell(): boolean {
    const { state } = this.#keeper;
    if (state === null || !(this.#options.other?.isSettled() ?? isSettled(state))) return false;
    return this.#options.spec.services.every(({ name }) => this.#serves(name));
  }

  #watch(): void {
    this.#timeline.after(lookEveryMs, () => {
      const down = this.#options.spec.services.filter(({ name }) => !this.#serves(name));
      for (const { name } of down) this.#downMs[name] = (this.#downMs[name] ?? 0) + lookEveryMs;
      if (down.some(({ name }) => this.#users.includes(name))) this.#usersDownMs += lookEveryMs;
      this.#instancesDownMs += this.#instancesDown() * lookEveryMs;
      this.#watch();
      return undefined;
    });
  }

  #serves(name: ServiceName): boolean {
    if (!this.#world.serviceWorks(name)) return false;
    const service = this.#options.spec.services.find((one) => one.name === name);
    const instances = Array.from({ length: service?.replicas ?? 0 }, (_, index) =>
      instanceId(name, index + 1),
    );
    return !instances.every((one) => this.#isSlow(one));
  }

  #instancesDown(): number {
    const { instances } = this.#world;
    return instances.filter((one) => !this.#isJob(one) && !this.#works(one)).length;
  }

  #works(instance: InstanceId): boolean {
    return this.#world.works(instance) && !this.#isSlow(instance);
  }

  #isJob(instance: InstanceId): boolean {
    return this.#world.program(instance).completesAfterMs !== null;
  }

  #isSlow(instance: InstanceId): boolean {
    return this.#world.guilt.some(
      (one) => one.instance === instance && one.name === 'slow' && one.to === Infinity,
    );
  }

  #faultOf({ lasting, ...rest }: Breakage, id: number): WorldFault {
    return { ...rest, id, at: this.#timeline.now, until: lasting ? Infinity : null };
  }
}

function isSettled({ instances, open }: EngineState): boolean {
  const all = Object.values(instances);
  const up = all.every(({ phase }) => phase === 'ready' || phase === 'completed');
  return all.length > 0 && up && open.length === 0;
}

/** Services that no other depends on. */
export function forUsers(spec: StackSpec): ServiceName[] {
  const used = new Set(spec.services.flatMap(({ dependsOn }) => dependsOn.map((d) => d.service)));
  return spec.services.map(({ name }) => name).filter((name) => !used.has(name));
}
