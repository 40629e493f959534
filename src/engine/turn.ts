/**
 * One call of `step`: collects records and commands while the state moves along. Everything that
 * changes the state goes through `emit` or `record`; routes follow by themselves from what changed.
 */
import type { Command } from '../model/command.ts';
import {
  type ActionId,
  type ComponentId,
  type IncidentId,
  type ServiceName,
  serviceOf,
} from '../model/ids.ts';
import { type LogRecord, type RecordBody, subjectOf } from '../model/record.ts';
import { apply } from './apply.ts';
import { failoverOf } from './group.ts';
import { isSameRoute, preferred, routeCommand, routeOf } from './routing.ts';
import type { EngineState, InstanceState, ServiceState } from './state.ts';

type CommandBody = Command extends infer C
  ? C extends Command
    ? Omit<C, 'unrecordedOk'>
    : never
  : never;

type RouteCommand = Extract<Command, { readonly kind: 'route' }>;

/** A service whose route may change: as it was before. */
interface Watched {
  readonly service: ServiceName;
  readonly state: ServiceState | undefined;
  before: RouteCommand | null;
}

export class Turn {
  readonly state: EngineState;
  readonly at: number;
  /** Incidents with symptoms that ended only because those who watch begin anew. */
  readonly unobserved: IncidentId[] = [];
  readonly records: LogRecord[] = [];
  readonly commands: Command[] = [];
  /** Incidents to be looked at before the step ends, each once. */
  readonly touched: IncidentId[] = [];
  /** Services with failover to be looked at before the step ends, each once. */
  readonly groups: ServiceName[] = [];
  /** Services with a restore to be looked at before the step ends, each once. */
  readonly restores: ServiceName[] = [];
  #random: number;
  readonly #routes: Watched[] = [];

  constructor(state: EngineState, at: number, random: number) {
    this.state = state;
    this.at = Math.max(at, state.at);
    this.#random = random;
  }

  emit(body: RecordBody): void {
    this.record({ at: this.at, ...body });
  }

  /** By far the most frequent record: nothing follows from it but a route, as a rule. */
  suspect({ id, service }: InstanceState, suspected: boolean): void {
    const { state } = this;
    const known = state.services[service];
    const before = known === undefined ? null : preferred(state, known);
    if (before === null) this.#watchService(service);
    const record = { at: this.at, kind: 'instance-suspect' as const, instance: id, suspected };
    this.records.push(record);
    apply(state, record);
    if (known === undefined || before === null || state.looking) return;
    const route = preferred(state, known) === before ? null : routeOf(state, service, known);
    if (route !== null) this.commands.push(route);
  }

  /** For what comes often: to copy a record takes longer than most of what follows. */
  record(record: LogRecord): void {
    const { instance, service } = subjectOf(record);
    if (instance !== undefined) this.watchRoute(instance);
    if (record.kind === 'symptom-began') this.watchRoute(record.symptom.component);
    if (record.kind === 'symptom-ended') {
      const component = this.state.symptoms[record.id]?.symptom.component;
      if (component !== undefined) this.watchRoute(component);
    }
    if (service !== undefined) this.#watchService(service);
    if (record.kind === 'wanted') this.#watchWanted(record.target);
    this.records.push(record);
    apply(this.state, record);
  }

  /** `recovery`: it may be carried out although the store can't write. */
  command(body: CommandBody, recovery: boolean): void {
    this.commands.push({ ...body, unrecordedOk: recovery } as Command);
  }

  /** An incident is to be looked at before the step ends. */
  touch(incident: IncidentId): void {
    if (!this.touched.includes(incident)) this.touched.push(incident);
  }

  /** A restore is to be looked at before the step ends. */
  restore(service: ServiceName): void {
    if (!this.restores.includes(service)) this.restores.push(service);
  }

  /** What a group needs next is to be looked at before the step ends. */
  pursue(service: ServiceName): void {
    if (!this.groups.includes(service)) this.groups.push(service);
  }

  /** Something is to be looked at before the step ends. */
  isUnsettled(): boolean {
    return this.touched.length > 0 || this.restores.length > 0 || this.groups.length > 0;
  }

  /** A number in [0, 1) for each use, all drawn from the event's one. */
  chance(): number {
    const drawn = this.#random;
    this.#random = (drawn * 997 + 0.618033988749895) % 1;
    return drawn;
  }

  newAction(): ActionId {
    return `a${this.state.nextAction}`;
  }

  instance(id: ComponentId): InstanceState | undefined {
    return this.state.instances[id as `${string}/${number}`];
  }

  /** A symptom ends because those who watch begin anew; if it still holds, they see it again. */
  endUnobserved(id: string): void {
    const incident = this.state.symptoms[id]?.incident ?? null;
    this.emit({ kind: 'symptom-ended', id });
    if (incident === null) return;
    if (!this.unobserved.includes(incident)) this.unobserved.push(incident);
    this.touch(incident);
  }

  setTimer(timer: string, due: number): void {
    if (this.state.timers[timer] !== due) this.emit({ kind: 'timer-set', timer, due });
  }

  clearTimer(timer: string): void {
    if (this.state.timers[timer] !== undefined) this.emit({ kind: 'timer-cleared', timer });
  }

  /** Commands the routes of services whose targets this step changed; must be called last. */
  finish(): void {
    const { services, looking } = this.state;
    if (looking) return;
    for (const { service, state, before } of this.#routes) {
      if (state === undefined || (state.removed && services[service] !== state)) continue;
      const command = routeOf(this.state, service, state);
      if (command !== null && !isSameRoute(before, command)) this.commands.push(command);
    }
  }

  /** Services of which something may have changed in this step. */
  changed(): readonly Omit<Watched, 'before'>[] {
    return this.#routes;
  }

  /** Commands the route as it is now; before what is commanded next. */
  route(service: ServiceName): void {
    const command = routeCommand(this.state, service);
    if (command !== null) this.commands.push(command);
    const watched = this.#routes.find((one) => one.service === service);
    if (watched !== undefined) watched.before = command;
  }

  /** To be called before what may change the route of the component's service. */
  watchRoute(component: ComponentId): void {
    const service = this.instance(component)?.service ?? serviceOf(component);
    if (service !== null) this.#watchService(service);
  }

  #watchService(service: ServiceName): void {
    const state = this.state.services[service];
    if (state?.spec.failover !== undefined) this.pursue(service);
    if (state?.restore !== undefined) this.restore(service);
    for (const watched of this.#routes) if (watched.service === service) return;
    const before = state === undefined ? null : routeOf(this.state, service, state);
    this.#routes.push({ service, state, before });
  }

  /** With failover it also depends on what is wanted whether connections are held. */
  #watchWanted(target: ComponentId | null): void {
    for (const name of target === null ? this.state.order : [serviceOf(target) ?? '']) {
      if (failoverOf(this.state, name) !== null) this.#watchService(name);
    }
  }
}
