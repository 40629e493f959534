/**
 * Who runs the services that are not ours: has some of them up before we come, brings those that
 * are only observed back when they ended, and now and then stops or restarts one unasked.
 */
import { type InstanceId, instanceId } from '../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import type { Fault } from './case.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './timeline.ts';
import type { World } from './world.ts';

type MeddlingFault = Extract<Fault, { readonly name: 'meddling' }>;

const lookEveryMs = 15_000;
const restartMs = 500;
/** What somebody did to it is a fault of its own, for so long. */
const guiltMs = 30_000;

export class Outsider {
  readonly #timeline: Timeline;
  readonly #world: World;
  readonly #externals: readonly InstanceId[];
  readonly #observed: readonly InstanceId[];
  /** Faults are over: also what hangs is brought right. */
  thorough = false;

  constructor(timeline: Timeline, world: World, spec: StackSpec) {
    const ids = (services: readonly ServiceSpec[]) =>
      services.map(({ name }) => instanceId(name, 1));
    const externals = spec.services.filter((one) => one.driver === 'external');
    this.#timeline = timeline;
    this.#world = world;
    this.#externals = ids(externals);
    this.#observed = ids(externals.filter((one) => isObserved(spec, one)));
  }

  begin(dice: Dice): void {
    for (const id of this.#externals) {
      if (this.#observed.includes(id) || dice.chance(0.5)) this.#spawn(id, { longAgo: true });
    }
    if (this.#observed.length > 0) this.#look();
  }

  meddle({ target, what }: MeddlingFault): void {
    const process = this.#world.process(target);
    if (process === null) return;
    this.#world.note(target, 'meddling', guiltMs);
    this.#world.signal(process);
    if (what === 'restart') this.#later(restartMs, () => this.#spawn(target));
  }

  #look(): void {
    this.#later(lookEveryMs, () => {
      for (const id of this.#observed) {
        const process = this.#world.process(id);
        if (process === null) this.#spawn(id);
        else if (this.thorough && process.faults.length > 0) this.#world.kill(process);
      }
      this.#look();
    });
  }

  /** Nobody tells us of its start: until it is ready it is broken for all that we can see. */
  #spawn(id: InstanceId, { longAgo = false } = {}): void {
    if (this.#world.process(id) !== null || this.#world.startError(id) !== null) return;
    const { bornAt, readyAt } = this.#world.spawn(id, 0, { longAgo });
    this.#world.guilt.push({ instance: id, name: 'boots', from: bornAt, to: readyAt });
  }

  #later(ms: number, action: () => void): void {
    this.#timeline.after(ms, () => {
      action();
      return undefined;
    });
  }
}

/** Watched, and never touched by us. */
export function isObserved(spec: StackSpec, service: ServiceSpec): boolean {
  return spec.mode === 'observe' || service.mode === 'observe';
}
