/**
 * Instances as a simple supervisor keeps them: started when their dependencies are ready, stopped
 * and started on request. What to do about one that fails is left to a strategy. It speaks the
 * protocol of the engine (events in, commands out), so that it runs in the same simulator on the
 * same senses.
 */
import type { EngineState, step as engineStep } from '../../src/engine/index.ts';
import type { Command } from '../../src/model/command.ts';
import type { EngineEvent } from '../../src/model/event.ts';
import { type InstanceId, instanceId, type ServiceName, serviceOf } from '../../src/model/ids.ts';
import type { LogRecord } from '../../src/model/record.ts';
import type { ServiceSpec, StackSpec } from '../../src/model/stack-spec.ts';

export interface Member {
  readonly id: InstanceId;
  readonly spec: ServiceSpec;
  phase: 'out' | 'starting' | 'running' | 'ready' | 'stopping' | 'completed';
  /** Ids of the symptoms that hold. */
  readonly symptoms: Set<string>;
  /** It ended, or could not be started, by its own fault. */
  ended: boolean;
  /** It may be started. */
  wanted: boolean;
}

export interface Strategy {
  /** An instance ended, or shows a symptom. */
  failed(fleet: Fleet, member: Member): void;
  /** A timer that it set. */
  due(fleet: Fleet, member: Member): void;
}

export class Fleet {
  readonly members = new Map<InstanceId, Member>();
  readonly #strategy: Strategy;
  #spec: StackSpec | null = null;
  #state: EngineState | null = null;
  #actions = 0;
  #records: LogRecord[] = [];
  #commands: Command[] = [];
  #asked = false;
  /** Until then nothing but starts again what ended. */
  #armed = false;
  now = 0;

  constructor(strategy: Strategy) {
    this.#strategy = strategy;
  }

  readonly step: typeof engineStep = (state, event) => {
    this.#state = state;
    this.now = event.at;
    this.#records = [];
    this.#commands = [];
    this.#take(state, event);
    for (const member of this.members.values()) this.#startIfPossible(member);
    return { records: this.#records, commands: this.#commands };
  };

  onBreak(): void {
    this.#armed = true;
  }

  isSettled(): boolean {
    return this.members.size > 0 && [...this.members.values()].every((one) => this.isWell(one));
  }

  isWell({ phase, symptoms }: Member): boolean {
    return phase === 'completed' || (phase === 'ready' && symptoms.size === 0);
  }

  get failing(): Member[] {
    return [...this.members.values()].filter((one) => one.ended || one.symptoms.size > 0);
  }

  /** Stops it if it runs; it is started again as soon as its dependencies are there. */
  restart(member: Member): void {
    member.wanted = true;
    if (member.phase === 'starting' || member.phase === 'stopping') return;
    if (member.phase === 'out' || member.phase === 'completed') return;
    member.phase = 'stopping';
    const action = this.#newAction();
    const how = { hurry: true, unrecordedOk: true };
    this.#commands.push({ kind: 'stop', instance: member.id, action, ...how });
  }

  run(member: Member, name: string): void {
    const found = member.spec.actions.find((one) => one.name === name);
    if (found === undefined) return;
    const { command, timeoutMs } = found;
    const { id: instance } = member;
    const service = member.spec.name;
    const action = this.#newAction();
    const what = { service, instance, name, command, timeoutMs };
    this.#commands.push({ kind: 'run', action, ...what, unrecordedOk: true });
  }

  /** One timer for each instance. */
  wait(member: Member, ms: number): void {
    if (this.#state === null) return;
    this.#state.timers = { ...this.#state.timers, [member.id]: this.now + ms };
  }

  isWaiting(member: Member): boolean {
    return this.#state?.timers[member.id] !== undefined;
  }

  askPerson(reason: string): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#records.push({ kind: 'incident-needs-person', incident: 'i1', reason, at: this.now });
  }

  #newAction(): `a${number}` {
    this.#actions += 1;
    return `a${this.#actions}`;
  }

  #take(state: EngineState, event: EngineEvent): void {
    switch (event.kind) {
      case 'configured':
        this.#configure(event.spec);
        return;
      case 'looked':
        state.looking = false;
        return;
      case 'requested':
        if (event.request.kind === 'up') for (const one of this.members.values()) one.wanted = true;
        return;
      case 'timer': {
        const { [event.timer]: _, ...rest } = state.timers;
        state.timers = rest;
        const member = this.members.get(event.timer as InstanceId);
        if (member !== undefined) this.#strategy.due(this, member);
        return;
      }
      case 'symptom-began':
        this.#records.push({ kind: 'symptom-began', symptom: event.symptom, at: this.now });
        this.#noteSymptom(event.symptom.component, event.symptom.id);
        return;
      case 'symptom-ended':
        for (const one of this.members.values()) one.symptoms.delete(event.id);
        return;
      default:
        if ('instance' in event) this.#noteInstance(event);
    }
  }

  #configure(spec: StackSpec): void {
    this.#spec = spec;
    for (const service of spec.services) {
      for (let number = 1; number <= service.replicas; number += 1) {
        const id = instanceId(service.name, number);
        const nothing = { symptoms: new Set<string>(), ended: false, wanted: false };
        this.members.set(id, { id, spec: service, phase: 'out', ...nothing });
      }
    }
  }

  #noteSymptom(component: string, symptom: string): void {
    const member = this.members.get(component as InstanceId);
    if (member === undefined || member.phase === 'stopping') return;
    member.symptoms.add(symptom);
    if (this.#armed) this.#strategy.failed(this, member);
  }

  #noteInstance(event: EngineEvent & { readonly instance: InstanceId }): void {
    const member = this.members.get(event.instance);
    if (member === undefined) return;
    if (event.kind === 'started') member.phase = 'running';
    if (event.kind === 'ready' && member.phase === 'running') {
      member.phase = 'ready';
      member.ended = false;
    }
    if (event.kind === 'stopped') this.#gone(member);
    if (event.kind === 'exited' && member.phase !== 'stopping') this.#ended(member, event);
    if (event.kind === 'start-failed') {
      this.#gone(member);
      this.#fail(member);
    }
  }

  #ended(member: Member, { exit }: Extract<EngineEvent, { readonly kind: 'exited' }>): void {
    this.#gone(member);
    const { policy } = member.spec.restart;
    if (exit.code === 0 && (policy === 'no' || policy === 'on-failure')) {
      member.phase = 'completed';
      return;
    }
    this.#fail(member);
  }

  #gone(member: Member): void {
    member.phase = 'out';
    member.symptoms.clear();
  }

  #fail(member: Member): void {
    member.ended = true;
    member.wanted = !this.#armed;
    const { id: component } = member;
    const seen = { began: this.now, evidence: 'it ended', faults: [] };
    const symptom = {
      id: `${component}#exit`,
      component,
      kind: 'exit',
      name: 'exit',
      ...seen,
    } as const;
    this.#records.push({ kind: 'symptom-began', symptom, at: this.now });
    if (this.#armed) this.#strategy.failed(this, member);
  }

  #startIfPossible(member: Member): void {
    if (member.phase !== 'out' || !member.wanted || !this.hasDependencies(member)) return;
    member.phase = 'starting';
    const action = this.#newAction();
    this.#commands.push({ kind: 'start', instance: member.id, action, unrecordedOk: true });
  }

  hasDependencies({ spec }: Member): boolean {
    return spec.dependsOn.every(({ service, condition, required }) => {
      if (!required) return true;
      const all = this.#membersOf(service);
      if (condition === 'service_completed_successfully')
        return all.every(({ phase }) => phase === 'completed');
      return all.some(({ phase }) => phase === 'ready' || phase === 'completed');
    });
  }

  /** All that it depends on, directly or not. */
  dependenciesOf({ spec }: Member): Set<ServiceName> {
    const found = new Set<ServiceName>();
    const follow = (service: ServiceSpec | undefined): void => {
      for (const { service: name } of service?.dependsOn ?? []) {
        if (found.has(name)) continue;
        found.add(name);
        follow(this.#spec?.services.find((one) => one.name === name));
      }
    };
    follow(spec);
    return found;
  }

  #membersOf(service: ServiceName): Member[] {
    return [...this.members.values()].filter(({ id }) => serviceOf(id) === service);
  }
}
