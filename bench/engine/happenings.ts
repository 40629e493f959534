/**
 * What the engine of a running stack is told, made up beforehand: probe results, symptoms, exits,
 * and what its own commands lead to. The same events then mean the same steps in any other run.
 *
 * Each instance by itself, at random: one failed check in 60 s, which the next one passes; a
 * symptom in 30 min (half of them log lines, else latency, processor or memory) that lasts 5 to
 * 30 s; it hangs or crashes once in 10 h.
 */
import {
  beginLook,
  type EngineState,
  initialState,
  nextTimer,
  step,
} from '../../src/engine/index.ts';
import type { Command } from '../../src/model/command.ts';
import type { EngineEvent, Happening } from '../../src/model/event.ts';
import { type InstanceId, instanceId } from '../../src/model/ids.ts';
import type { StackSpec } from '../../src/model/stack-spec.ts';
import { type Symptom, type SymptomKind, symptomId } from '../../src/model/symptom.ts';
import { Dice } from '../../src/sim/dice.ts';

const suspectedEveryMs = 60_000;
const checkEveryMs = 1_000;
const symptomEveryMs = 1_800_000;
const brokenEveryMs = 36_000_000;
const startMs = 20;
const readyMs = 300;
const stopMs = 50;
const confirmMs = 5;

export interface Stream {
  /** What brings the stack up, after the look with which a controller begins. */
  readonly before: readonly EngineEvent[];
  /** What happens then. */
  readonly events: readonly EngineEvent[];
}

export function happenings(spec: StackSpec, count: number, seed: string): Stream {
  const life = new Life(spec, seed);
  const before = life.up();
  return { before, events: life.live(count) };
}

class Life {
  readonly #dice: Dice;
  readonly #state: EngineState = initialState();
  readonly #instances: readonly InstanceId[];
  readonly #running = new Set<InstanceId>();
  readonly #hanging = new Set<InstanceId>();
  #at = 1_800_000_000_000;
  #events: EngineEvent[] = [];
  /** Sorted by time, the next one last. */
  readonly #coming: { readonly due: number; readonly happen: () => void }[] = [];

  constructor(spec: StackSpec, seed: string) {
    this.#dice = new Dice(seed);
    this.#instances = spec.services.flatMap(({ name, replicas }) =>
      Array.from({ length: replicas }, (_, index) => instanceId(name, index + 1)),
    );
    beginLook(this.#state, this.#at);
    this.#tell({ kind: 'configured', spec });
    this.#tell({ kind: 'looked' });
    this.#tell({ kind: 'requested', requestId: 'r1', by: 'bench', request: { kind: 'up' } });
  }

  up(): readonly EngineEvent[] {
    while (this.#running.size < this.#instances.length || this.#coming.length > 0) this.#goOn();
    return this.#events;
  }

  live(count: number): readonly EngineEvent[] {
    this.#events = [];
    for (const instance of this.#instances) {
      this.#often(suspectedEveryMs, () => this.#failsOneCheck(instance));
      this.#often(symptomEveryMs, () => this.#shows(instance));
      this.#often(brokenEveryMs, () => this.#breaks(instance));
    }
    while (this.#events.length < count) this.#goOn();
    return this.#events;
  }

  /** The next thing: a timer of the engine's, or what comes. */
  #goOn(): void {
    const timer = nextTimer(this.#state);
    const next = this.#coming.at(-1);
    if (timer !== null && timer.due <= (next?.due ?? Infinity)) {
      this.#at = Math.max(this.#at, timer.due);
      this.#tell({ kind: 'timer', timer: timer.timer });
      return;
    }
    this.#coming.pop();
    this.#at = Math.max(this.#at, next?.due ?? 0);
    next?.happen();
  }

  #later(delayMs: number, happen: () => void): void {
    const due = this.#at + delayMs;
    let low = 0;
    let high = this.#coming.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#coming[middle]?.due ?? 0) > due) low = middle + 1;
      else high = middle;
    }
    this.#coming.splice(low, 0, { due, happen });
  }

  /** A Poisson process. */
  #often(everyMs: number, happen: () => void): void {
    this.#later(-Math.log(1 - this.#dice.next()) * everyMs, () => {
      happen();
      this.#often(everyMs, happen);
    });
  }

  #tell(happening: Happening): void {
    const event = { ...happening, at: this.#at, random: this.#dice.next() } as EngineEvent;
    this.#events.push(event);
    for (const command of step(this.#state, event).commands) this.#carryOut(command);
  }

  // What befalls an instance.

  #isWell(instance: InstanceId): boolean {
    return this.#running.has(instance) && !this.#hanging.has(instance);
  }

  #failsOneCheck(instance: InstanceId): void {
    if (!this.#isWell(instance)) return;
    this.#tell({ kind: 'suspect', instance, suspected: true });
    this.#later(checkEveryMs, () => {
      if (this.#isWell(instance)) this.#tell({ kind: 'suspect', instance, suspected: false });
    });
  }

  #shows(instance: InstanceId): void {
    if (!this.#isWell(instance)) return;
    const drawn = this.#dice.next();
    const loud = drawn < 0.8 ? 'latency' : drawn < 0.95 ? 'cpu' : 'memory';
    const symptom = this.#symptom(instance, drawn < 0.5 ? 'log' : loud);
    this.#tell({ kind: 'symptom-began', symptom });
    const lastsMs = 5_000 + 25_000 * this.#dice.next();
    this.#later(lastsMs, () => this.#tell({ kind: 'symptom-ended', id: symptom.id }));
  }

  #breaks(instance: InstanceId): void {
    if (!this.#isWell(instance)) return;
    if (this.#dice.next() < 0.5) {
      this.#running.delete(instance);
      const exit = { code: null, signal: 'SIGSEGV', known: true, oom: false, lastLines: [] };
      this.#tell({ kind: 'exited', instance, exit });
      return;
    }
    this.#hanging.add(instance);
    this.#tell({ kind: 'suspect', instance, suspected: true });
    const symptom = this.#symptom(instance, 'health-timeout');
    this.#later(2 * checkEveryMs, () => {
      if (this.#hanging.has(instance)) this.#tell({ kind: 'symptom-began', symptom });
    });
  }

  #symptom(component: InstanceId, kind: SymptomKind): Symptom {
    const name = kind === 'health-timeout' ? 'health' : kind;
    const evidence = `${kind} seen`;
    const id = symptomId(component, name);
    return { id, component, kind, name, began: this.#at, evidence, faults: [] };
  }

  // What is commanded.

  #carryOut(command: Command): void {
    if (command.kind === 'start') this.#start(command.instance, command.action);
    if (command.kind === 'stop') this.#stop(command.instance, command.action);
    if (command.kind !== 'confirm') return;
    for (const instance of command.instances) {
      this.#later(confirmMs, () => {
        const healthy = this.#isWell(instance);
        const evidence = healthy ? 'answered' : 'no answer';
        this.#tell({ kind: 'confirmed', instance, healthy, evidence });
      });
    }
  }

  #start(instance: InstanceId, action: `a${number}`): void {
    this.#later(startMs, () => {
      this.#running.add(instance);
      this.#tell({ kind: 'started', instance, action, pid: 1_000, port: 20_000 });
      this.#later(readyMs, () => {
        if (this.#isWell(instance)) this.#tell({ kind: 'ready', instance });
      });
    });
  }

  #stop(instance: InstanceId, action: `a${number}`): void {
    this.#later(stopMs, () => {
      this.#running.delete(instance);
      this.#hanging.delete(instance);
      this.#tell({ kind: 'stopped', instance, action });
    });
  }
}
