/**
 * Where the logs of the instances concerned ended when an incident began, so that what they said
 * around that time is found again.
 *
 * 1. Bounded: so many incidents, the newest, with so many instances each.
 * 2. Nobody waits for it, and what can't be kept is left out. What can't be read is told.
 */
import type { EngineState } from '../engine/index.ts';
import { errorInfo } from '../model/errors.ts';
import { type ComponentId, type IncidentId, type InstanceId, serviceOf } from '../model/ids.ts';
import type { IncidentLog } from '../model/incident-log.ts';
import type { LogRecord } from '../model/record.ts';
import type { Store } from '../ports/store.ts';

const key = 'incident-logs';
const incidentsMax = 200;
const instancesMax = 8;

export interface IncidentLogsOptions {
  readonly store: Pick<Store, 'get' | 'set'>;
  /** Offset after the last byte of an instance's log. */
  readonly logEnd: (instance: InstanceId, at: number) => number | undefined;
  /** Told what is wrong with what was kept. */
  readonly log: (text: string) => void;
}

type Kept = Record<IncidentId, readonly IncidentLog[]>;

export class IncidentLogs {
  readonly #options: IncidentLogsOptions;
  #kept: Kept = {};
  #writing: Promise<void> = Promise.resolve();

  constructor(options: IncidentLogsOptions) {
    this.#options = options;
  }

  /** What the controller before us knew; without it, what is noted from now on is known. */
  async recover(): Promise<void> {
    const { store, log } = this.#options;
    try {
      const text = await store.get(key);
      this.#kept = { ...(JSON.parse(text ?? '{}') as Kept), ...this.#kept };
    } catch (error) {
      log(`where logs ended when incidents began is forgotten: ${errorInfo(error).message}`);
    }
  }

  /** The instance that showed it first; none: nothing is known of it. */
  of(incident: IncidentId): readonly IncidentLog[] {
    return this.#kept[incident] ?? [];
  }

  note(records: readonly LogRecord[], state: EngineState): void {
    let changed = false;
    for (const record of records) {
      const began = record.kind === 'incident-opened' || record.kind === 'incident-reopened';
      if (!began && record.kind !== 'incident-joined') continue;
      const { incident, at } = record;
      const all = state.incidents[incident]?.symptoms ?? [];
      const component = all.findLast(({ symptom }) => symptom.id === record.symptom)?.symptom
        .component;
      if (component === undefined) continue;
      const before = began ? [] : this.of(incident);
      const more = this.#ends(component, state, at).filter(
        ({ instance }) => !before.some((one) => one.instance === instance),
      );
      if (more.length === 0) continue;
      this.#kept[incident] = [...before, ...more].slice(0, instancesMax);
      changed = true;
    }
    if (changed) this.#keep();
  }

  #ends(component: ComponentId, state: EngineState, at: number): IncidentLog[] {
    const service = state.services[serviceOf(component) ?? ''];
    // What prints the log of an external service has offsets of its own.
    if (service === undefined || service.spec.driver === 'external') return [];
    const all = service.instances.toSorted((one) => (one === component ? -1 : 0));
    return all.slice(0, instancesMax).flatMap((instance) => {
      const offset = this.#options.logEnd(instance, at);
      return offset === undefined ? [] : [{ instance, at, offset }];
    });
  }

  #keep(): void {
    const ids = Object.keys(this.#kept) as IncidentId[];
    const age = (id: IncidentId) => this.#kept[id]?.[0]?.at ?? 0;
    const newest = ids.toSorted((one, other) => age(other) - age(one)).slice(0, incidentsMax);
    this.#kept = Object.fromEntries(newest.map((id) => [id, this.of(id)]));
    const text = JSON.stringify(this.#kept);
    const { store } = this.#options;
    // The store tells of its disk itself.
    this.#writing = this.#writing.then(() => store.set(key, text)).catch(() => undefined);
  }
}
