/**
 * The stack as it is now: read once, and then kept by what the API tells as it happens. Whatever
 * comes within one frame of the screen is shown together.
 */
import type { StoredRecord } from '../../../src/model/record.ts';
import type { IncidentView, ServiceView, StackView } from '../../../src/model/view.ts';
import { read } from './request.ts';
import { refresh } from './session.ts';

const retryMs = 1_000;
const recordsKept = 10_000;
const recordsRead = 500;

export interface Live {
  readonly connected: boolean;
  readonly stack: StackView | null;
  /** Newest first. */
  readonly incidents: readonly IncidentView[];
  /** Newest first. */
  readonly records: readonly StoredRecord[];
}

interface Page<T> {
  readonly items: readonly T[];
}

type Told = 'record' | 'stack' | 'services' | 'incident';

interface Heard {
  readonly kind: Told;
  readonly data: string;
}

export class LiveStack {
  #live: Live = { connected: false, stack: null, incidents: [], records: [] };
  readonly #listeners = new Set<() => void>();
  #source: EventSource | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #records: StoredRecord[] = [];
  /** What is told while the stack is being read; null: it is not. */
  #waiting: Heard[] | null = null;
  #frame = false;
  #running = false;

  readonly get = (): Live => this.#live;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(): void {
    this.#running = true;
    this.#open();
  }

  stop(): void {
    this.#running = false;
    this.#source?.close();
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  /** What happens while the stack is being read is told after it. */
  #open(): void {
    const source = new EventSource('/api/v1/stream?topics=record,stack,services,incident');
    this.#source = source;
    source.addEventListener('open', () => {
      this.#readAll().then(
        () => this.#change({ connected: true }),
        () => this.#again(source),
      );
    });
    source.addEventListener('error', () => this.#again(source));
    source.addEventListener('reset', () => {
      this.#readAll().catch(() => this.#again(source));
    });
    for (const kind of ['record', 'stack', 'services', 'incident'] as const)
      source.addEventListener(kind, ({ data }) => this.#told({ kind, data: String(data) }));
  }

  /** By ourselves: a browser gives up at an answer that is no success. */
  #again(source: EventSource): void {
    source.close();
    if (!this.#running || source !== this.#source) return;
    this.#source = null;
    this.#change({ connected: false });
    this.#retry = setTimeout(() => {
      refresh().then(
        () => this.#running && this.#open(),
        () => this.#running && this.#open(),
      );
    }, retryMs);
  }

  /** What is told meanwhile may be newer than what is read. */
  async #readAll(): Promise<void> {
    const waiting: Heard[] = [];
    this.#waiting = waiting;
    const [stack, incidents, records] = await Promise.all([
      read<StackView>('/api/v1/stack'),
      read<Page<IncidentView>>('/api/v1/incidents?limit=200'),
      read<Page<StoredRecord>>(`/api/v1/records?limit=${recordsRead}`),
    ]);
    // It is being read anew already.
    if (this.#waiting !== waiting) return;
    this.#waiting = null;
    this.#records = [...records.items];
    this.#change({ stack, incidents: incidents.items, records: records.items });
    const newest = records.items[0]?.seq ?? 0;
    for (const one of waiting) this.#hear(one, newest);
  }

  #told(heard: Heard): void {
    if (this.#waiting === null) this.#hear(heard);
    else this.#waiting.push(heard);
  }

  /** `newest`: records up to this one were read. */
  #hear({ kind, data }: Heard, newest = 0): void {
    const { stack, incidents } = this.#live;
    if (kind === 'record') this.#hearRecord(JSON.parse(data) as StoredRecord, newest);
    else if (kind === 'incident')
      this.#live = { ...this.#live, incidents: withIncident(incidents, JSON.parse(data)) };
    else if (stack !== null) {
      const changed = JSON.parse(data) as Partial<StackView> | ServiceView[];
      const services = Array.isArray(changed) ? withServices(stack, changed) : stack.services;
      const rest = Array.isArray(changed) ? {} : changed;
      this.#live = { ...this.#live, stack: { ...stack, ...rest, services } };
    }
    this.#show();
  }

  #hearRecord(stored: StoredRecord, newest: number): void {
    if (stored.unrecorded || stored.seq > newest) this.#records.unshift(stored);
  }

  #show(): void {
    if (this.#frame) return;
    this.#frame = true;
    requestAnimationFrame(() => {
      this.#frame = false;
      this.#records.length = Math.min(this.#records.length, recordsKept);
      this.#change({ records: [...this.#records] });
    });
  }

  #change(to: Partial<Live>): void {
    this.#live = { ...this.#live, ...to };
    for (const listener of this.#listeners) listener();
  }
}

function withIncident(all: readonly IncidentView[], one: IncidentView): readonly IncidentView[] {
  const known = all.some(({ id }) => id === one.id);
  return known ? all.map((other) => (other.id === one.id ? one : other)) : [one, ...all];
}

function withServices(stack: StackView, changed: readonly ServiceView[]): readonly ServiceView[] {
  const byName = new Map(changed.map((service) => [service.name, service]));
  const kept = stack.services.map((service) => {
    const now = byName.get(service.name) ?? service;
    byName.delete(service.name);
    return now;
  });
  return [...kept, ...byName.values()];
}
