/**
 * The checkers' own account of the log: what was known and decided, folded from the records without
 * any code of the engine. When the controller comes back it is made anew from what is durable.
 */
import type { ActionId, ComponentId, IncidentId, InstanceId, ServiceName } from '../model/ids.ts';
import type { LogRecord, Outcome, PlannedAction } from '../model/record.ts';
import type { Symptom } from '../model/symptom.ts';

export interface KnownInstance {
  readonly id: InstanceId;
  wanted: boolean;
  phase: 'out' | 'starting' | 'running' | 'ready' | 'stopping' | 'exited' | 'completed';
  pid: number | null;
  /** Its present run was ready before it was to be stopped. */
  wasReady: boolean;
  /** Its process ended while it was being stopped. */
  ended: boolean;
  /** When the phase began, stack time. */
  since: number;
  held: { readonly for: string; readonly until: number | null } | null;
  startHopeless: boolean;
  /** When it exited unexpectedly or was stopped to be mended, the last time; stack time. */
  downAt: number | null;
  confirmedBad: number | null;
}

export interface KnownAction {
  readonly planned: PlannedAction;
  readonly incident: IncidentId | null;
  readonly plannedAt: number;
  begunAt: number | null;
  spared: boolean;
  outcome: Outcome | null;
}

export interface KnownIncident {
  readonly id: IncidentId;
  state: 'open' | 'verifying' | 'needs-person' | 'resolved';
  /** Since it began or came back, the last time. */
  onset: number;
  /** Every symptom that it ever had. */
  readonly symptoms: Set<string>;
  blamed: { readonly component: ComponentId; readonly sure: boolean } | null;
  slowTries: number;
  /** What a person is needed for. */
  readonly needs: Set<ComponentId>;
  /** A person consented to what is destructive. */
  consented: boolean;
}

export class Ledger {
  readonly instances = new Map<InstanceId, KnownInstance>();
  readonly symptoms = new Map<string, Symptom>();
  readonly actions = new Map<ActionId, KnownAction>();
  readonly incidents = new Map<IncidentId, KnownIncident>();
  /** Services under maintenance. */
  readonly maintained = new Set<ServiceName>();
  /** Requests not answered yet. */
  readonly requests = new Set<string>();
  storeWritable = true;
  /** Stack time of the last record. */
  at = 0;

  instance(id: InstanceId): KnownInstance {
    const known = this.instances.get(id);
    if (known !== undefined) return known;
    const instance: KnownInstance = {
      id,
      wanted: false,
      phase: 'out',
      pid: null,
      wasReady: false,
      ended: false,
      since: 0,
      held: null,
      startHopeless: false,
      downAt: null,
      confirmedBad: null,
    };
    this.instances.set(id, instance);
    return instance;
  }

  /** Symptoms that hold at a component. */
  symptomsAt(component: ComponentId): Symptom[] {
    return [...this.symptoms.values()].filter((one) => one.component === component);
  }

  note(record: LogRecord): void {
    this.at = record.at;
    if ('instance' in record) this.#noteInstance(record);
    else if ('incident' in record) this.#noteIncident(record);
    else this.#noteRest(record);
  }

  #noteInstance(record: Extract<LogRecord, { readonly instance: InstanceId }>): void {
    const one = this.instance(record.instance);
    const become = (phase: KnownInstance['phase']): void => {
      one.phase = phase;
      one.since = record.at;
      one.held = null;
    };
    switch (record.kind) {
      case 'instance-starting':
        one.confirmedBad = null;
        become('starting');
        return;
      case 'instance-started':
      case 'instance-adopted':
        one.startHopeless = false;
        if (one.phase !== 'stopping' && !(one.phase === 'ready' && one.pid === record.pid))
          become('running');
        one.pid = record.pid;
        return;
      case 'instance-ready':
        one.confirmedBad = null;
        become('ready');
        return;
      case 'instance-start-failed':
        one.startHopeless = record.retryable !== true;
        one.downAt = record.at;
        become('exited');
        return;
      case 'instance-exited':
        if (!record.expected) one.downAt = record.at;
        one.ended = one.phase === 'stopping';
        if (!one.ended) become(this.#endOf(record, one));
        return;
      case 'instance-stopping':
        if (this.actions.get(record.action)?.incident != null) one.downAt = record.at;
        if (one.phase !== 'stopping') one.wasReady = one.phase === 'ready';
        one.ended = false;
        become('stopping');
        return;
      case 'instance-stopped':
        become('out');
        return;
      case 'instance-stop-failed': {
        const runs = one.wasReady ? 'ready' : 'running';
        become(one.ended ? 'exited' : runs);
        return;
      }
      case 'instance-held':
        one.held = { for: record.waitsFor ?? '', until: record.until };
        return;
      case 'instance-confirmed':
        one.confirmedBad = record.healthy ? null : record.at;
        return;
      case 'instance-suspect':
        return;
    }
  }

  #endOf(
    { expected }: LogRecord & { readonly kind: 'instance-exited' },
    { wanted }: KnownInstance,
  ): KnownInstance['phase'] {
    if (!expected) return 'exited';
    return wanted ? 'completed' : 'out';
  }

  #noteIncident(record: Extract<LogRecord, { readonly incident: unknown }>): void {
    if (record.kind === 'incident-opened') {
      this.incidents.set(record.incident, {
        id: record.incident,
        state: 'open',
        onset: record.onset,
        symptoms: new Set([record.symptom]),
        blamed: null,
        slowTries: 0,
        needs: new Set(),
        consented: false,
      });
      return;
    }
    if (record.kind === 'action-planned') {
      const { planned, incident } = record;
      const none = { begunAt: null, spared: false, outcome: null };
      this.actions.set(planned.action, { planned, incident, plannedAt: record.at, ...none });
      return;
    }
    if ('action' in record) {
      this.#noteAction(record);
      return;
    }
    const incident = this.incidents.get(record.incident);
    if (incident !== undefined) this.#change(incident, record);
  }

  #noteAction(
    record: Extract<
      LogRecord,
      { readonly kind: 'action-begun' | 'action-done' | 'action-outcome' }
    >,
  ): void {
    const action = this.actions.get(record.action);
    if (action === undefined) return;
    if (record.kind === 'action-begun') {
      action.begunAt = record.at;
      action.spared = record.spared;
    }
    if (record.kind === 'action-outcome') action.outcome = record.outcome;
  }

  #change(
    incident: KnownIncident,
    record: Exclude<
      Extract<LogRecord, { readonly incident: unknown }>,
      { readonly action: ActionId } | { readonly kind: 'incident-opened' | 'action-planned' }
    >,
  ): void {
    switch (record.kind) {
      case 'incident-joined':
      case 'incident-reopened':
        if (record.kind === 'incident-reopened')
          incident.onset = this.symptoms.get(record.symptom)?.began ?? record.at;
        incident.symptoms.add(record.symptom);
        if (incident.state !== 'needs-person') incident.state = 'open';
        return;
      case 'incident-located': {
        const component = record.causes[0]?.component;
        incident.blamed = component === undefined ? null : { component, sure: !record.unsure };
        return;
      }
      case 'consent':
        incident.state = 'open';
        incident.consented = record.given;
        incident.needs.clear();
        return;
      case 'incident-verifying':
        incident.state = 'verifying';
        return;
      case 'incident-needs-person':
        incident.state = 'needs-person';
        incident.needs.add(this.#lastTarget(incident.id));
        return;
      case 'slow-try':
        incident.slowTries += 1;
        incident.needs.clear();
        return;
      case 'incident-resolved':
        incident.state = 'resolved';
        incident.consented = false;
        incident.needs.clear();
        return;
      default:
        return;
    }
  }

  /** What the last decision about an incident was about. */
  #lastTarget(incident: IncidentId): ComponentId {
    const actions = [...this.actions.values()];
    return actions.findLast((one) => one.incident === incident)?.planned.target ?? '';
  }

  #noteRest(record: LogRecord): void {
    switch (record.kind) {
      case 'symptom-began':
        this.symptoms.set(record.symptom.id, record.symptom);
        return;
      case 'symptom-ended':
        this.symptoms.delete(record.id);
        return;
      case 'wanted':
        for (const one of this.instances.values()) {
          const meant = record.target === null || record.target === one.id;
          if (meant || one.id.startsWith(`${record.target}/`)) one.wanted = record.wanted === 'up';
        }
        return;
      case 'requested':
        this.requests.add(record.requestId);
        return;
      case 'replied':
        this.requests.delete(record.requestId);
        return;
      case 'reset':
        for (const incident of this.incidents.values()) {
          if (incident.state !== 'needs-person' || !concerns(incident, record.target)) continue;
          incident.state = 'open';
          incident.needs.clear();
        }
        return;
      case 'maintenance-began':
        this.maintained.add(record.service);
        return;
      case 'maintenance-ended':
        this.maintained.delete(record.service);
        return;
      case 'store':
        this.storeWritable = record.writable;
        return;
      case 'configured':
        for (const { name, replicas } of record.spec.services) {
          for (let number = 1; number <= replicas; number += 1) this.instance(`${name}/${number}`);
        }
        return;
      default:
        return;
    }
  }
}

/** A person takes care of what he was asked to. */
function concerns({ needs }: KnownIncident, target: string | null): boolean {
  return [...needs].some((id) => target === null || id === target || id.startsWith(`${target}/`));
}
