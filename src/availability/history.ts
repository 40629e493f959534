/**
 * The event log, folded into what is known of the availability of services. Pure: fed with records
 * in their order, asked for a report with the present view of the stack.
 *
 * 1. A service is up while one of its instances serves; with failover while its primary does and
 *    writes through it succeed. It is down from the onset of what ended that.
 * 2. What was not wanted, or not up yet since it was, counts neither way.
 * 3. The log forgets its oldest records. What it does not tell is assumed to have served; where a
 *    record shows that to be wrong, the service is counted only from there on.
 */
import type { AvailabilityReport, OutageCause } from '../model/availability.ts';
import {
  type ActionId,
  type ComponentId,
  type IncidentId,
  type InstanceId,
  instanceId,
  isInstance,
  type ServiceName,
  serviceOf,
} from '../model/ids.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { Symptom } from '../model/symptom.ts';
import type { ServiceView, StackView } from '../model/view.ts';
import { figuresOf } from './figures.ts';
import { IncidentStories } from './incident-story.ts';
import { InstanceStory } from './instance-story.ts';
import { ServiceStory } from './service-story.ts';

const unexplained = { cause: 'fault', incident: null } as const;

type Of<K extends LogRecord['kind']> = Extract<LogRecord, { readonly kind: K }>;

export class AvailabilityHistory {
  /** Of the last record; 0: none yet. */
  seq = 0;
  #since: number | null = null;
  /** The log does not begin with the stack's first record. */
  #isCut = false;
  /** Of the stack as a whole, for services to come. */
  #wanted = false;
  readonly #services = new Map<ServiceName, ServiceStory>();
  readonly #incidents = new IncidentStories();
  readonly #symptoms = new Map<string, Symptom>();
  /** Of actions that were planned: null when a person asked. */
  readonly #actions = new Map<ActionId, IncidentId | null>();
  readonly #drilled = new Set<ComponentId>();
  readonly #drills = new Set<IncidentId>();

  note({ seq, record }: StoredRecord): void {
    if (this.#since === null) {
      this.#since = record.at;
      this.#isCut = seq > 1;
    }
    this.seq = seq;
    if ('incident' in record) this.#noteIncident(record);
    if ('instance' in record) this.#noteInstance(record);
    else this.#noteRest(record);
  }

  /** `view`: as the stack is now, after the last record. */
  report(view: StackView): AvailabilityReport {
    const since = this.#since ?? view.at;
    const services = view.services.map((service) => {
      const story = this.#service(service.name, since);
      this.#compare(story, service, view.at);
      const episodes = this.#incidents.of(service.name);
      return figuresOf(service.name, { story, episodes, drills: this.#drills, at: view.at });
    });
    return { at: view.at, since, services };
  }

  /** What a log that is cut does not tell is as it is now, or nothing is known of it. */
  #compare(story: ServiceStory, service: ServiceView, at: number): void {
    if (!this.#isCut) return;
    for (const { id } of service.instances) this.#assume(story, id);
    const primary = service.group?.primary ?? null;
    if (story.primary === null && primary !== null) story.primary = { id: primary, served: true };
    for (const { id, phase } of service.instances) {
      const one = story.instances.get(id);
      const serves = phase === 'ready' || phase === 'unhealthy' || phase === 'completed';
      if (one?.assumed !== true || (service.wanted === 'up' && serves)) continue;
      story.instances.set(id, new InstanceStory(false, service.wanted === 'up'));
      story.beginAnew(at);
    }
    story.look(at, at, unexplained);
  }

  #service(name: ServiceName, at: number): ServiceStory {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const story = new ServiceStory(this.#isCut ? (this.#since ?? at) : at);
    this.#services.set(name, story);
    return story;
  }

  #noteInstance(record: Extract<LogRecord, { readonly instance: InstanceId }>): void {
    const name = serviceOf(record.instance) ?? '';
    const service = this.#service(name, record.at);
    this.#assume(service, record.instance);
    const one = service.instance(record.instance, { assumed: false, wanted: false });
    if (one.note(record)) service.beginAnew(record.at);
    if (record.kind === 'primary-serves') service.primary = { id: record.instance, served: true };
    service.look(record.at, record.at, this.#why(record));
  }

  /** In a log that is cut an instance is met first when something happens to it. */
  #assume(service: ServiceStory, id: InstanceId): void {
    if (!this.#isCut || service.instances.has(id)) return;
    service.instance(id, { assumed: true, wanted: true });
    if (service.spans.length === 1) service.look(service.since, service.since, unexplained);
  }

  #why(record: LogRecord): { cause: OutageCause; incident: IncidentId | null } {
    const action = 'action' in record ? this.#actions.get(record.action as ActionId) : undefined;
    return { cause: action === null ? 'request' : 'fault', incident: action ?? null };
  }

  #noteRest(record: Exclude<LogRecord, { readonly instance: InstanceId }>): void {
    switch (record.kind) {
      case 'configured':
        this.#configure(record.spec, record.at);
        return;
      case 'wanted':
        this.#want(record);
        return;
      case 'symptom-began':
        this.#symptoms.set(record.symptom.id, record.symptom);
        this.#atInstance(record.symptom, (one) => one.began(record.symptom), record.at);
        return;
      case 'symptom-ended': {
        const symptom = this.#symptoms.get(record.id);
        this.#symptoms.delete(record.id);
        if (symptom !== undefined)
          this.#atInstance(symptom, (one) => one.ended(record.id), record.at);
        return;
      }
      case 'primary-chosen': {
        const service = this.#service(record.service, record.at);
        service.primary = { id: record.primary, served: false };
        service.look(record.at, record.at, this.#why(record));
        return;
      }
      case 'maintenance-began':
      case 'maintenance-ended':
        this.#service(record.service, record.at).underMaintenance =
          record.kind === 'maintenance-began';
        return;
      case 'drill-began':
        this.#drilled.add(record.component);
        return;
      case 'drill-ended':
        this.#drilled.delete(record.component);
        return;
      default:
        return;
    }
  }

  #atInstance(symptom: Symptom, note: (one: InstanceStory) => void, at: number): void {
    const { component } = symptom;
    if (!isInstance(component)) return;
    const service = this.#service(serviceOf(component) ?? '', at);
    this.#assume(service, component);
    note(service.instance(component, { assumed: false, wanted: false }));
    service.look(at, symptom.began, unexplained);
  }

  #noteIncident(record: Extract<LogRecord, { readonly incident: unknown }>): void {
    const symptom = 'symptom' in record ? this.#symptoms.get(record.symptom) : undefined;
    this.#incidents.note(record, symptom);
    if (record.kind === 'action-planned') this.#actions.set(record.planned.action, record.incident);
    if (record.kind === 'action-outcome') this.#actions.delete(record.action);
    if (symptom === undefined || record.incident === null) return;
    if (this.#drilled.has(symptom.component)) this.#drills.add(record.incident);
    const { last } = this.#service(serviceOf(symptom.component) ?? '', record.at);
    if (last.state === 'down') last.incident ??= record.incident;
  }

  #want({ target, wanted, at }: Of<'wanted'>): void {
    if (target === null) this.#wanted = wanted === 'up';
    for (const [name, service] of this.#services) {
      for (const [id, one] of service.instances) {
        if (target === null || target === name || target === id) one.wanted = wanted === 'up';
      }
      service.look(at, at, { cause: 'request', incident: null });
    }
  }

  #configure({ services }: StackSpec, at: number): void {
    const listed = new Set<string>();
    for (const { name, replicas } of services) {
      const service = this.#service(name, at);
      for (let number = 1; number <= replicas; number += 1) {
        const id = instanceId(name, number);
        listed.add(id);
        this.#assume(service, id);
        service.instance(id, { assumed: false, wanted: this.#wanted });
      }
    }
    for (const service of this.#services.values()) {
      for (const id of [...service.instances.keys()]) {
        if (!listed.has(id)) service.instances.delete(id);
      }
      service.look(at, at, { cause: 'request', incident: null });
    }
  }
}
