/**
 * What is true: programs and their processes, broken or not. It knows nothing of the engine, and
 * the engine learns of it only through checks, samples and exits.
 *
 * 1. There is at most one process per instance that was spawned last; a second is a violation that
 *    `doubles` names.
 * 2. `guilt` and `lies` remember what was broken and what was seen wrongly, for the checkers.
 */
import type { CheckResult } from '../detect/health.ts';
import type { ExitInfo } from '../model/exit.ts';
import { type InstanceId, instanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Case, Fault, HostFault, ProbeFault, Program, ProgramFault } from './case.ts';
import type { Dice } from './dice.ts';
import { Replicas } from './groups/replicas.ts';
import type { Timeline } from './timeline.ts';

type BrokenFault = Extract<Fault, { readonly name: ProgramFault }>;
type LyingFault = Extract<Fault, { readonly name: ProbeFault }>;
type TroubledHost = Extract<Fault, { readonly name: HostFault }>;
type Chatter = Extract<Fault, { readonly name: 'log-lines' }>;

export interface Process {
  readonly instance: InstanceId;
  readonly pid: number;
  readonly port: number;
  /** Stack time, as noted in its run file. */
  readonly startedAt: number;
  /** True times. */
  readonly bornAt: number;
  readonly readyAt: number;
  /** Signalled to stop. */
  stopping: boolean;
  /** Killed, and not gone yet: it does nothing any more. */
  killed: boolean;
  /** One-time faults that it has until it ends. */
  readonly faults: BrokenFault[];
}

/** Something that was broken, or seen wrongly, over a span of true time. */
export interface Span {
  readonly instance: InstanceId;
  readonly name: string;
  readonly from: number;
  to: number;
}

const baseBytes = 100 * 2 ** 20;
const withoutDependencyEveryMs = 1_000;

export class World {
  readonly timeline: Timeline;
  readonly #dice: Dice;
  readonly #programs: Case['programs'];
  readonly #services: ReadonlyMap<ServiceName, ServiceSpec>;
  readonly #processes = new Map<InstanceId, Process>();
  /** Faults that outlast a restart. */
  readonly #lasting = new Map<InstanceId, BrokenFault[]>();
  readonly #lying = new Map<InstanceId, LyingFault[]>();
  readonly guilt: Span[] = [];
  readonly lies: Span[] = [];
  /** Instances of which a second process was started while the first still ran. */
  readonly doubles: InstanceId[] = [];
  /** Told when a process ends, by itself or by a signal. */
  onEnd: (process: Process, exit: ExitInfo) => void = () => undefined;
  /** Told of each line in a log that a pattern may match. */
  onLine: (instance: InstanceId) => void = () => undefined;
  /** Told when the kernel begins or ceases to report a failing device. */
  onKernel: (failing: boolean) => void = () => undefined;
  readonly #hostTroubles = new Set<TroubledHost>();
  #pids = 1_000;
  /** Of each service of which one instance is primary. */
  readonly replicas: ReadonlyMap<ServiceName, Replicas>;

  constructor(timeline: Timeline, dice: Dice, given: Case) {
    this.timeline = timeline;
    this.#dice = dice;
    this.#programs = given.programs;
    this.#services = new Map(given.spec.services.map((service) => [service.name, service]));
    this.replicas = new Map(
      given.spec.services
        .filter((service) => service.failover !== undefined)
        .map((service) => [service.name, this.#replicate(service)]),
    );
  }

  #replicate(service: ServiceSpec): Replicas {
    const dice = this.#dice.of(`replicas ${service.name}`);
    return new Replicas(service, this.timeline, dice, {
      isAlive: (instance) => this.process(instance)?.killed === false,
      isWell: (instance) => this.process(instance)?.killed === false && this.works(instance),
    });
  }

  get instances(): InstanceId[] {
    return [...this.#services.values()].flatMap(({ name, replicas }) =>
      Array.from({ length: replicas }, (_, index) => instanceId(name, index + 1)),
    );
  }

  process(instance: InstanceId): Process | null {
    return this.#processes.get(instance) ?? null;
  }

  service(instance: InstanceId): ServiceSpec | null {
    return this.#services.get(serviceOf(instance) ?? '') ?? null;
  }

  program(instance: InstanceId): Program {
    const program = this.#programs[serviceOf(instance) ?? ''];
    if (program === undefined) throw new Error(`no program of ${instance}`);
    return program;
  }

  /** Why it can't be started now; null: it can. */
  startError(instance: InstanceId): { message: string; retryable: boolean } | null {
    if (this.#lasts(instance, 'hopeless-start'))
      return { message: 'no such program', retryable: false };
    if (this.#lasts(instance, 'no-start')) return { message: 'port taken', retryable: true };
    return null;
  }

  /** `longAgo`: it has been ready for as long as anybody remembers. */
  spawn(instance: InstanceId, startedAt: number, { longAgo = false } = {}): Process {
    if (this.#processes.has(instance)) this.doubles.push(instance);
    const { now } = this.timeline;
    const program = this.program(instance);
    const slowed = this.#lasts(instance, 'slow-start')?.amount ?? 1;
    const startMs = longAgo ? 0 : program.startMs * this.#dice.between(0.8, 1.2) * slowed;
    this.#pids += 1;
    const process: Process = {
      instance,
      pid: this.#pids,
      port: 20_000 + this.#pids,
      startedAt,
      bornAt: now,
      readyAt: now + startMs,
      stopping: false,
      killed: false,
      faults: [],
    };
    this.#processes.set(instance, process);
    this.#scheduleEnd(process, startMs, program);
    return process;
  }

  #scheduleEnd(process: Process, startMs: number, program: Program): void {
    const loop = this.#lasts(process.instance, 'crash-loop');
    if (loop !== undefined) this.#endsAfter(process, loop.amount, exitOf(loop.variant));
    if (program.completesAfterMs !== null)
      this.#endsAfter(process, startMs + program.completesAfterMs, codeExit(0));
    if (program.withoutDependency === 'exits') this.#watchDependencies(process, program);
  }

  #endsAfter(process: Process, ms: number, exit: ExitInfo): void {
    this.timeline.after(ms, () => {
      this.end(process, exit);
      return undefined;
    });
  }

  /** A program that exits without what it needs. */
  #watchDependencies(process: Process, { exitsAfterMs }: Program): void {
    const look = (): undefined => {
      if (this.#processes.get(process.instance) !== process) return;
      if (process.stopping || this.#hasDependencies(process.instance))
        this.timeline.after(withoutDependencyEveryMs, look);
      else this.#endsAfter(process, exitsAfterMs, codeExit(1));
    };
    this.timeline.after(withoutDependencyEveryMs * this.#dice.next(), look);
  }

  /** Ends a process, if it still runs. */
  end(process: Process, exit: ExitInfo): void {
    if (this.#processes.get(process.instance) !== process) return;
    this.#processes.delete(process.instance);
    this.replicas.get(serviceOf(process.instance) ?? '')?.ended(process.instance);
    for (const fault of process.faults) this.#forgive(process.instance, fault.name);
    this.onEnd(process, exit);
  }

  /** Sends the stop signal. False: it does nothing about it. */
  signal(process: Process): boolean {
    if (this.#processes.get(process.instance) !== process) return true;
    process.stopping = true;
    if (process.faults.some((fault) => fault.name === 'hang')) return false;
    const stuck =
      this.#lasts(process.instance, 'unstoppable') ?? this.#lasts(process.instance, 'hang');
    const stuckMs = stuck === undefined ? 0 : (stuck.until ?? 0) - this.timeline.now;
    const { stopMs } = this.program(process.instance);
    this.#endsAfter(process, Math.max(0, stuckMs) + stopMs, codeExit(0));
    return stuck === undefined;
  }

  /** Kills the whole tree. False: it can't be killed. */
  kill(process: Process): boolean {
    if (this.#processes.get(process.instance) !== process) return true;
    process.stopping = true;
    process.killed = true;
    const stuck = this.#lasts(process.instance, 'unstoppable');
    if (stuck === undefined) this.end(process, signalExit('SIGKILL'));
    // The signal is pending: it ends as soon as it can.
    else this.#endsAfter(process, (stuck.until ?? 0) - this.timeline.now, signalExit('SIGKILL'));
    return stuck === undefined;
  }

  // Faults.

  inject(fault: BrokenFault): void {
    const { target, until } = fault;
    const process = this.#processes.get(target);
    if (fault.name === 'crash') {
      if (process === undefined) return;
      this.#blame(target, fault.name);
      this.#forgive(target, fault.name);
      this.end(process, exitOf(fault.variant));
      return;
    }
    if (until === null) {
      if (process === undefined || this.#has(process, fault.name)) return;
      process.faults.push(fault);
      this.#blame(target, fault.name);
      if (fault.name === 'leak') this.#endsAfter(process, msUntilOom(fault), oomExit);
      return;
    }
    const { now } = this.timeline;
    listOf(this.#lasting, target).push(fault);
    this.#blame(target, fault.name);
    this.timeline.after(until - now, () => {
      this.#lasting.set(
        target,
        listOf(this.#lasting, target).filter((one) => one !== fault),
      );
      this.#forgive(target, fault.name);
      return undefined;
    });
    if (fault.name === 'crash-loop' && process !== undefined)
      this.#endsAfter(process, fault.amount, exitOf(fault.variant));
  }

  /** Somebody mended all that is wrong with an instance. */
  mend(instance: InstanceId): void {
    const process = this.#processes.get(instance);
    const faults = [...(this.#lasting.get(instance) ?? []), ...(process?.faults ?? [])];
    for (const { name } of faults) this.#forgive(instance, name);
    this.#lasting.delete(instance);
    process?.faults.splice(0);
  }

  /** The machine that all of them share has a fault. */
  troubleHost(fault: TroubledHost): void {
    this.#hostTroubles.add(fault);
    const isDisk = fault.name === 'host-disk';
    const hit = isDisk ? this.instances : [];
    for (const instance of hit) this.#blame(instance, fault.name);
    if (!isDisk) this.onKernel(true);
    this.timeline.after(fault.until - this.timeline.now, () => {
      this.#hostTroubles.delete(fault);
      for (const instance of hit) this.#forgive(instance, fault.name);
      if (!isDisk && !this.#hasTrouble('host-io')) this.onKernel(false);
      return undefined;
    });
  }

  #hasTrouble(name: HostFault): boolean {
    return [...this.#hostTroubles].some((one) => one.name === name);
  }

  get hostDiskFreeBytes(): number {
    return this.#hasTrouble('host-disk') ? 2 ** 20 : 2 ** 36;
  }

  /** Its program writes lines that a pattern matches, although nothing is wrong with it. */
  chatter(fault: Chatter): void {
    const { target: instance, name, until } = fault;
    this.lies.push({ instance, name, from: this.timeline.now, to: until });
    const say = (): undefined => {
      if (this.timeline.now > fault.until) return;
      if (this.#processes.has(fault.target)) this.onLine(fault.target);
      this.timeline.after(fault.everyMs, say);
    };
    say();
  }

  /** Which commands of the user's mend what is wrong, all of them ending well; null: by chance. */
  mendsBy: ((name: string, instance: InstanceId) => boolean) | null = null;

  /** A command of the user's comes to its end; false: it fails. */
  runCommand(name: string, instance: InstanceId): boolean {
    if (this.mendsBy === null) return this.#repair(instance);
    if (this.mendsBy(name, instance)) this.mend(instance);
    return true;
  }

  /** It mends what the program has until it ends; false: it fails. */
  #repair(instance: InstanceId): boolean {
    const process = this.#processes.get(instance);
    if (process === undefined || this.#dice.chance(0.3)) return false;
    const curable = process.faults.filter((fault) => fault.name !== 'leak');
    for (const fault of curable) {
      process.faults.splice(process.faults.indexOf(fault), 1);
      this.#forgive(instance, fault.name);
    }
    // What did not hear the signal to stop hears it now.
    const { stopMs } = this.program(instance);
    if (process.stopping) this.#endsAfter(process, stopMs, codeExit(0));
    return true;
  }

  lie(fault: LyingFault): void {
    listOf(this.#lying, fault.target).push(fault);
    const span = {
      instance: fault.target,
      name: fault.name,
      from: this.timeline.now,
      to: Infinity,
    };
    this.lies.push(span);
    this.timeline.after(fault.until - this.timeline.now, () => {
      this.#lying.set(
        fault.target,
        listOf(this.#lying, fault.target).filter((one) => one !== fault),
      );
      span.to = this.timeline.now;
      return undefined;
    });
  }

  /** It was broken by something that is no fault of its program, for so long. */
  note(instance: InstanceId, name: string, forMs: number): void {
    const from = this.timeline.now;
    this.guilt.push({ instance, name, from, to: from + forMs });
    // A restart between two looks is not seen by anybody.
    this.lies.push({ instance, name, from, to: from + forMs });
  }

  #blame(instance: InstanceId, name: string): void {
    this.guilt.push({ instance, name, from: this.timeline.now, to: Infinity });
  }

  #forgive(instance: InstanceId, name: string): void {
    const open = this.guilt.find(
      (one) => one.instance === instance && one.name === name && one.to === Infinity,
    );
    if (open !== undefined) open.to = this.timeline.now;
  }

  #lasts(instance: InstanceId, name: ProgramFault): BrokenFault | undefined {
    return this.#lasting.get(instance)?.find((fault) => fault.name === name);
  }

  #has(process: Process, name: ProgramFault): BrokenFault | undefined {
    return (
      process.faults.find((fault) => fault.name === name) ?? this.#lasts(process.instance, name)
    );
  }

  #fails(process: Process): boolean {
    const needsDisk = this.program(process.instance).needsDisk === true;
    return (
      this.#has(process, 'failing') !== undefined || (needsDisk && this.#hasTrouble('host-disk'))
    );
  }

  // What can be seen.

  /** The kernel shows its process as stopped. */
  isStopped(instance: InstanceId): boolean {
    const process = this.#processes.get(instance);
    return process !== undefined && this.#has(process, 'hang')?.variant === true;
  }

  memoryBytes(process: Process): number {
    const leak = process.faults.find((fault) => fault.name === 'leak');
    const leaked = leak === undefined ? 0 : (leak.amount * (this.timeline.now - leak.at)) / 1_000;
    return baseBytes + leaked;
  }

  /** What a check gets, and after how long; null: no answer ever. */
  probe(process: Process): { readonly result: CheckResult; readonly afterMs: number } | null {
    const { instance } = process;
    const lies = this.#lying.get(instance) ?? [];
    const told = lies.find((lie) => this.#dice.chance(lie.probability))?.name;
    if (told === 'lost-probes' || process.killed) return null;
    const slow = this.#has(process, 'slow')?.amount ?? 0;
    const late = told === 'late-probes' ? 1_500 : 0;
    const afterMs = this.program(instance).answerMs * this.#dice.between(0.5, 2) + slow + late;
    if (this.#processes.get(instance) !== process || this.timeline.now < process.readyAt)
      return { result: refused, afterMs: 1 };
    if (told === 'false-green') return { result: { ok: true }, afterMs };
    const lacks = this.#hasDependencies(instance)
      ? 'ignores'
      : this.program(instance).withoutDependency;
    if (this.#has(process, 'hang') || lacks === 'hangs') return null;
    if (this.#fails(process) || lacks === 'answers-wrongly') return { result: wrong, afterMs };
    return { result: { ok: true }, afterMs };
  }

  // What is so, for the checkers and for other programs.

  /** It does its work now: up, nothing broken, and what it needs works. */
  works(instance: InstanceId): boolean {
    const process = this.#processes.get(instance);
    if (process === undefined || process.stopping || this.timeline.now < process.readyAt)
      return false;
    if (this.#has(process, 'hang') || this.#fails(process)) return false;
    return (
      this.program(instance).withoutDependency === 'ignores' || this.#hasDependencies(instance)
    );
  }

  serviceWorks(name: ServiceName): boolean {
    const service = this.#services.get(name);
    if (service === undefined) return true;
    if (this.#programs[name]?.completesAfterMs != null) return true;
    const replicas = this.replicas.get(name);
    for (let number = 1; number <= service.replicas; number += 1) {
      const instance = instanceId(name, number);
      if (this.works(instance) && replicas?.isWritable(instance) !== false) return true;
    }
    return false;
  }

  #hasDependencies(instance: InstanceId): boolean {
    const needs = this.service(instance)?.dependsOn ?? [];
    return needs.every((one) => !one.required || this.serviceWorks(one.service));
  }

  /** Something was wrong with it, by its own fault, in this span of true time. */
  wasBroken(instance: InstanceId, from: number): boolean {
    return this.guilt.some(
      (one) => one.instance === instance && one.to >= from && one.name !== 'unstoppable',
    );
  }

  /** Something was seen wrongly of the stack in this span. */
  wasLiedAbout(instances: ReadonlySet<string>, from: number): boolean {
    return this.lies.some((one) => instances.has(one.instance) && one.to >= from);
  }
}

const refused: CheckResult = { ok: false, failure: 'refused', text: 'connection refused' };
const wrong: CheckResult = { ok: false, failure: 'failed', text: 'status 503' };

function codeExit(code: number): ExitInfo {
  return { code, signal: null, known: true, oom: false, lastLines: [] };
}

function signalExit(signal: string): ExitInfo {
  return { code: null, signal, known: true, oom: false, lastLines: [] };
}

const oomExit: ExitInfo = { ...signalExit('SIGKILL'), oom: true };
/** Room that a leak has before the kernel ends it. */
const leakRoomBytes = 400 * 2 ** 20;

/** From the beginning of a leak until the kernel ends it. */
export function msUntilOom({ amount }: Pick<BrokenFault, 'amount'>): number {
  return (leakRoomBytes / amount) * 1_000;
}

function exitOf(bySignal: boolean): ExitInfo {
  return bySignal ? signalExit('SIGSEGV') : codeExit(3);
}

function listOf<V>(map: Map<InstanceId, V[]>, key: InstanceId): V[] {
  const known = map.get(key);
  if (known !== undefined) return known;
  const list: V[] = [];
  map.set(key, list);
  return list;
}
