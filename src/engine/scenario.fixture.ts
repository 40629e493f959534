/**
 * A language for tests of the engine: what happens to a stack, and what the engine is then expected
 * to have said and done. Behind it stands a shell that carries out commands in virtual time.
 */
import assert from 'node:assert/strict';
import type { Command } from '../model/command.ts';
import type { EngineEvent, Happening, PersonRequest } from '../model/event.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { Reign } from '../model/group.ts';
import type { IncidentId, InstanceId } from '../model/ids.ts';
import type { LogRecord, PlannedAction } from '../model/record.ts';
import type { RestoreStep } from '../model/recovery-point.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { FaultKind, Symptom, SymptomKind } from '../model/symptom.ts';
import type { IncidentView, InstancePhase } from '../model/view.ts';
import { replay } from './apply.ts';
import type { GroupState } from './group-state.ts';
import { beginLook } from './look.ts';
import { RoleWorld } from './roles.fixture.ts';
import { type EngineState, initialState } from './state.ts';
import { step } from './step.ts';
import { nextTimer } from './timers.ts';
import { incidentViews, view } from './view.ts';

interface Queued {
  readonly due: number;
  readonly order: number;
  readonly happening: Happening;
}

interface StartError {
  readonly message: string;
  readonly retryable: boolean;
  readonly reign?: Reign;
}

const startMs = 20;
const readyMs = 100;
const stopMs = 30;
const confirmMs = 10;
const restoreMs = 50;

function exit(how: number | string, lastLines: readonly string[] = []): ExitInfo {
  const known = how !== 'unknown';
  const signal = typeof how === 'string' && known ? how : null;
  return { code: typeof how === 'number' ? how : null, signal, known, oom: false, lastLines };
}

export class Scenario {
  state: EngineState = initialState();
  at = 1_000_000;
  readonly records: LogRecord[] = [];
  readonly commands: Command[] = [];
  /** Instances whose programs do not do what they should. */
  readonly #sick = new Map<InstanceId, 'hangs' | 'fails' | 'dies'>();
  readonly #startErrors = new Map<InstanceId, StartError>();
  readonly #running = new Set<InstanceId>();
  #queue: Queued[] = [];
  #order = 0;
  #requests = 0;
  /** Given to every event; 1 is the longest back-off. */
  chance = 0.999;
  #stopsFail = false;
  /** Data is loaded into what runs. */
  isExchangedRunning = false;
  /** Why steps of a restore fail. */
  restoreFails: Partial<Record<RestoreStep, string>> = {};
  readonly roles = new RoleWorld(this.#running, (delayMs, happening) =>
    this.#later(delayMs, happening),
  );
  /** No command is carried out and no event of the shell arrives: the controller is dead. */
  #dead = false;

  /** The controller is killed when the log has so many records: those of one step may be durable
   * in part, and none of its commands was given. */
  #recordsMax = Number.POSITIVE_INFINITY;
  #deaf = false;

  constructor(spec: StackSpec) {
    this.tell({ kind: 'configured', spec });
  }

  /** One event, now. */
  tell(happening: Happening): this {
    if (this.#deaf) return this;
    this.roles.write();
    const event = { at: this.at, random: this.chance, ...happening } as EngineEvent;
    const { records, commands } = step(this.state, event);
    if (this.records.length + records.length > this.#recordsMax) {
      this.records.push(...records.slice(0, this.#recordsMax - this.records.length));
      this.#deaf = true;
      return this.controllerDies();
    }
    this.records.push(...records);
    this.commands.push(...commands);
    for (const command of commands) this.#carryOut(command);
    return this;
  }

  /** Lets virtual time go on, with timers and the shell's answers in order. */
  passes(ms: number): this {
    const end = this.at + ms;
    for (;;) {
      const queued = this.#queue[0];
      const timer = this.#dead ? null : nextTimer(this.state);
      const due = Math.min(queued?.due ?? Infinity, timer?.due ?? Infinity);
      if (due > end) break;
      this.at = Math.max(this.at, due);
      if (queued !== undefined && queued.due === due) {
        this.#queue.shift();
        this.#deliver(queued.happening);
      } else if (timer !== null) this.tell({ kind: 'timer', timer: timer.timer });
    }
    this.at = end;
    if (this.#deaf) return this;
    assert.deepEqual(replay(this.records), this.state, 'the replay differs from the state');
    return this;
  }

  #deliver(told: Happening): void {
    const happening = this.roles.settle(told);
    if (happening.kind === 'ready' && !this.#running.has(happening.instance)) return;
    this.#takePlace(happening);
    this.tell(happening);
  }

  /** What the world has become, whether or not anybody is told. */
  #takePlace(happening: Happening): void {
    if (happening.kind === 'started') this.#running.add(happening.instance);
    if (happening.kind === 'exited' || happening.kind === 'stopped') this.#end(happening.instance);
    if (happening.kind !== 'role-done' || happening.error !== null) return;
    if (happening.step === 'fence') this.#end(happening.instance);
  }

  #end(instance: InstanceId): void {
    this.#running.delete(instance);
    this.roles.ended(instance);
  }

  #later(delayMs: number, happening: Happening): void {
    this.#queue.push({ due: this.at + delayMs, order: this.#order, happening });
    this.#order += 1;
    this.#queue.sort((a, b) => a.due - b.due || a.order - b.order);
  }

  #carryOut(command: Command): void {
    if (this.#dead) return;
    this.roles.carryOut(command);
    if (command.kind === 'restore') this.#exchange(command);
    if (command.kind === 'start') {
      if (!this.#startErrors.has(command.instance))
        this.roles.started(command.instance, command.order);
      this.#start(command.instance, command.action);
    }
    if (command.kind === 'stop') {
      const { instance, action } = command;
      const error = { code: 'STOP_FAILED', message: 'a process could not be ended' };
      if (this.#stopsFail) this.#later(stopMs, { kind: 'stop-failed', instance, action, error });
      else this.#later(stopMs, { kind: 'stopped', instance, action });
    }
    if (command.kind === 'run') {
      const { action } = command;
      this.#later(stopMs, { kind: 'action-finished', action, ok: true, error: null });
    }
    if (command.kind === 'confirm') {
      for (const instance of command.instances) {
        const healthy = this.#running.has(instance) && !this.#sick.has(instance);
        const evidence = healthy ? 'healthy' : 'no answer';
        this.#later(confirmMs, { kind: 'confirmed', instance, healthy, evidence });
      }
    }
  }

  /** Data is exchanged only while nothing of the service runs. */
  #exchange({ step, service, action, order }: Extract<Command, { kind: 'restore' }>): void {
    const running = [...this.#running].filter((one) => one.startsWith(`${service}/`));
    const exchanges = (step === 'swap' || step === 'undo') && !this.isExchangedRunning;
    if (exchanges) assert.deepEqual(running, [], `${step} under them`);
    const message = this.restoreFails[step] ?? null;
    const error = message === null ? null : { code: 'ACTION_FAILED', message };
    const { target } = order;
    const loss = { to: this.at - 60_000, lossMs: 60_000, dataBytes: 1, expectedMs: null };
    const plan = step === 'prepare' ? { service, point: 'p1', target, ...loss } : null;
    this.#later(restoreMs, { kind: 'restore-done', step, service, action, plan, error });
  }

  #start(instance: InstanceId, action: `a${number}`): void {
    assert.ok(!this.#running.has(instance), `${instance} is started although it runs`);
    const error = this.#startErrors.get(instance);
    if (error !== undefined) {
      const { message, ...how } = error;
      const info = { code: 'START_FAILED', message };
      this.#later(startMs, { kind: 'start-failed', instance, action, error: info, ...how });
      return;
    }
    const pid = 100 + this.#order;
    this.#later(startMs, { kind: 'started', instance, action, pid, port: 9000 + this.#order });
    const sick = this.#sick.get(instance);
    if (sick === undefined) this.#later(readyMs, { kind: 'ready', instance });
    if (sick === 'dies') {
      this.#later(readyMs, { kind: 'exited', instance, exit: exit(1, ['no such table']) });
    }
  }

  // What people and faults do.

  ask(request: PersonRequest): this {
    this.#requests += 1;
    return this.tell({ kind: 'requested', requestId: `r${this.#requests}`, by: 'ann', request });
  }

  /** Everything is wanted, started and ready. */
  up(): this {
    return this.ask({ kind: 'up' }).passes(5000);
  }

  exits(instance: InstanceId, how: number | string, lastLines: readonly string[] = []): this {
    this.#end(instance);
    return this.tell({ kind: 'exited', instance, exit: exit(how, lastLines) });
  }

  /** From now on its program hangs, fails its checks, or ends soon after each start. */
  turns(instance: InstanceId, how: 'hangs' | 'fails' | 'dies'): this {
    this.#sick.set(instance, how);
    return this;
  }

  mended(instance: InstanceId): this {
    this.#sick.delete(instance);
    this.#startErrors.delete(instance);
    return this;
  }

  cannotStart(instance: InstanceId, message: string, retryable: boolean, reign?: Reign): this {
    this.#startErrors.set(instance, { message, retryable, ...(reign && { reign }) });
    return this;
  }

  shows(component: string, kind: SymptomKind, rest: Partial<Symptom> = {}): this {
    const health = kind.startsWith('health') || kind === 'unready' || kind === 'stopped';
    const name = rest.name ?? (health ? 'health' : kind);
    const evidence = kind === 'health-timeout' ? 'health check timed out 3×' : `${kind} seen`;
    const faults: FaultKind[] = [];
    const symptom = { id: `${component}#${name}`, component, kind, name, began: this.at, evidence };
    return this.tell({ kind: 'symptom-began', symptom: { ...symptom, faults, ...rest } });
  }

  ceases(component: string, name = 'health'): this {
    return this.tell({ kind: 'symptom-ended', id: `${component}#${name}` });
  }

  /** The controller is killed: what it commanded last may or may not have been carried out. */
  controllerDies(lose: 'commands' | 'nothing' = 'nothing'): this {
    this.#dead = true;
    if (lose === 'commands') this.#queue = [];
    return this;
  }

  /** The controller dies at the so manieth record from now. */
  diesAfter(records: number): this {
    this.#recordsMax = this.records.length + records;
    return this;
  }

  isDead(): boolean {
    return this.#deaf;
  }

  /** It comes back: the state is read from the records, and instances are looked at. `spec`: the
   * stack file says that now. */
  controllerReturns(spec: StackSpec | null = null): this {
    this.#dead = false;
    this.#recordsMax = Number.POSITIVE_INFINITY;
    this.#deaf = false;
    for (const { happening } of this.#queue.splice(0))
      this.#takePlace(this.roles.settle(happening));
    this.state = replay(this.records);
    this.records.push(...beginLook(this.state, this.at));
    if (spec !== null) this.tell({ kind: 'configured', spec });
    const all = Object.values(this.state.instances);
    for (const { id, pid, port } of all) {
      const running = this.#running.has(id);
      const found = { kind: 'found' as const, instance: id, running, startedAt: null, exit: null };
      this.tell(running ? { ...found, pid, port: port ?? 9999 } : { ...found, pid, port });
      if (running && !this.#sick.has(id)) this.#later(readyMs, { kind: 'ready', instance: id });
    }
    return this.tell({ kind: 'looked' });
  }

  /** An instance ends while nobody watches. */
  diesUnseen(instance: InstanceId): this {
    this.#end(instance);
    return this;
  }

  isRunning(instance: InstanceId): boolean {
    return this.#running.has(instance);
  }

  stopsFail(fail: boolean): this {
    this.#stopsFail = fail;
    return this;
  }

  mendAll(): this {
    this.#sick.clear();
    this.#startErrors.clear();
    for (const id of this.#running) this.#later(readyMs, { kind: 'ready', instance: id });
    return this;
  }

  /** The observer sees all symptoms end that do not end by a restart. */
  endAll(): this {
    for (const id of Object.keys(this.state.symptoms)) {
      if (!id.endsWith('#exit') && !id.endsWith('#start')) this.tell({ kind: 'symptom-ended', id });
    }
    return this;
  }

  // What is expected.

  phase(instance: InstanceId): InstancePhase | undefined {
    return view(this.state, this.at)
      .services.flatMap((one) => one.instances)
      .find((one) => one.id === instance)?.phase;
  }

  note(instance: InstanceId): string | undefined {
    return view(this.state, this.at)
      .services.flatMap((one) => one.instances)
      .find((one) => one.id === instance)?.note;
  }

  expectPhases(expected: Readonly<Record<InstanceId, InstancePhase>>): this {
    const found = Object.fromEntries(
      Object.keys(expected).map((id) => [id, this.phase(id as InstanceId)]),
    );
    assert.deepEqual(found, expected);
    return this;
  }

  planned(): PlannedAction[] {
    return this.records.flatMap((one) => (one.kind === 'action-planned' ? [one.planned] : []));
  }

  /** All decisions so far, oldest first. */
  sentences(): string[] {
    return this.planned().map((one) => one.reason);
  }

  incidents(): IncidentView[] {
    return incidentViews(this.state, 1000).reverse();
  }

  incident(id: IncidentId = 'i1'): IncidentView {
    const found = this.incidents().find((one) => one.id === id);
    assert.ok(found, `there is no ${id}`);
    return found;
  }

  sent<K extends Command['kind']>(kind: K): Extract<Command, { kind: K }>[] {
    return this.commands.filter((one): one is Extract<Command, { kind: K }> => one.kind === kind);
  }

  /** Instances started since the last call of `forget`, in order. */
  started(): InstanceId[] {
    return this.sent('start').map((one) => one.instance);
  }

  stopped(): InstanceId[] {
    return this.sent('stop').map((one) => one.instance);
  }

  /** Where the service leads now. */
  route(service: string): string[] {
    const last = this.sent('route').findLast((one) => one.service === service);
    return (last?.targets ?? []).map((one) => `${one.instance} ${one.state}`);
  }

  /** What the record says of a group: «epoch primary [eligible] stage». */
  group(service: string): string {
    const { epoch, primary, eligible, servedAt, change } = this.groupState(service);
    const stage = change !== null ? 'changing' : servedAt === null ? 'promoting' : 'serving';
    return `${epoch} ${primary} [${eligible.join(' ')}] ${stage}`;
  }

  groupState(service: string): GroupState {
    const known = this.state.services[service]?.group;
    assert.ok(known, `${service} has no group yet`);
    return known;
  }

  /** Commands about roles and their steps, such as «fence db/1 1». */
  steps(): string[] {
    return this.commands.flatMap((one) => {
      if (one.kind === 'role') return [`${one.step} ${one.instance} ${one.order.epoch}`];
      if (one.kind === 'survey') return [`survey ${one.instances.join(' ')} ${one.epoch}`];
      if (one.kind === 'quiesce' || one.kind === 'release') return [one.kind];
      if (one.kind !== 'start' || one.order === undefined) return [];
      return [`start ${one.instance} ${one.order.role} ${one.order.epoch}`];
    });
  }

  /** Forgets the commands so far. */
  forget(): this {
    this.commands.length = 0;
    return this;
  }
}

export function scenario(spec: StackSpec): Scenario {
  return new Scenario(spec);
}
