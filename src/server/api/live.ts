/**
 * The running stack as the API shows it: asked of the controller only when something has happened,
 * and then once for all who want to know.
 *
 * 1. The controller is followed by one connection, and asked for its view and its incidents at most
 *    ten times a second each, however many look on.
 * 2. What is shown is never older than the last record that came when it was asked for.
 * 3. Whoever changed something sees the change: `touch` makes the next view a new one.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorInfo } from '../../model/errors.ts';
import type { StoredRecord } from '../../model/record.ts';
import type { IncidentView, StackView, TrafficView } from '../../model/view.ts';
import { Kept } from './kept.ts';
import { recordJson } from './record-json.ts';
import type { StackLink } from './stack-link.ts';
import { ofTraffic, trafficOf } from './traffic.ts';

const incidentsMax = 1_000;
const recordsKept = 2_000;
const incidentsAtOnce = 20;
/** With more views that somebody began with, all are brought to the same one. */
const basesMax = 10;
const followAgainMs = 500;
/** As often as it is measured. */
const trafficMs = 1_000;

export type LiveEvent =
  | { readonly kind: 'record'; readonly stored: StoredRecord; readonly json: string }
  /** What has changed of it: without services. */
  | { readonly kind: 'stack'; readonly json: string }
  | { readonly kind: 'services'; readonly json: string }
  | { readonly kind: 'incident'; readonly json: string };

export interface Shown {
  readonly view: StackView;
  /** Of each service. */
  readonly services: ReadonlyMap<string, string>;
  /** The view without its services. */
  readonly stack: string;
  /** All services: an array. */
  readonly list: string;
  /** The same as the only page of their list. */
  readonly page: Buffer;
}

export class LiveStack {
  readonly #link: StackLink;
  readonly #log: (text: string) => void;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #closing = new AbortController();
  readonly #shown: Kept<Shown>;
  readonly #incidents: Kept<readonly IncidentView[]>;
  readonly #traffic: Kept<readonly TrafficView[]>;
  /** All records after this one are in `#recent`; null: we don't follow yet. */
  #after: number | null = null;
  readonly #recent: StoredRecord[] = [];
  #changedIncidents = new Set<string>();
  /** What those who listen were shown, up to now. */
  #bases = new Set<Shown>();
  #timer: NodeJS.Timeout | null = null;

  constructor(link: StackLink, log: (text: string) => void) {
    this.#link = link;
    this.#log = log;
    this.#shown = new Kept(async () => shownOf(await link.stack()));
    this.#incidents = new Kept(() => link.incidents(incidentsMax));
    this.#traffic = new Kept(async () => trafficOf(await link.signals(ofTraffic)), trafficMs);
  }

  /** Follows the controller from now on. */
  start(): void {
    void this.#follow();
  }

  close(): void {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  shown(): Promise<Shown> {
    return this.#shown.get();
  }

  /** For one that listens already: from here on it is told what changes. */
  async begin(): Promise<Shown> {
    const now = await this.shown();
    this.#bases.add(now);
    if (this.#bases.size > basesMax) this.#showSoon();
    return now;
  }

  /** Newest first. */
  incidents(): Promise<readonly IncidentView[]> {
    return this.#incidents.get();
  }

  /** Of those services that have some; at most a second old. */
  traffic(): Promise<readonly TrafficView[]> {
    return this.#traffic.get();
  }

  /** Something was done just now. */
  touch(): void {
    this.#shown.touch();
    this.#incidents.touch();
  }

  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Null: not all of those after `seq` are kept here. */
  recentAfter(seq: number): readonly StoredRecord[] | null {
    if (this.#after === null || this.#after > seq) return null;
    return this.#recent.filter((stored) => stored.seq > seq);
  }

  /** The last `limit` of those before `seq`, oldest first. */
  async recordsBefore(seq: number, limit: number): Promise<readonly StoredRecord[]> {
    const from = Math.max(0, seq - 1 - limit);
    const kept = this.recentAfter(from);
    if (kept !== null) return kept.filter((stored) => stored.seq < seq);
    const read = await this.#link.records(from, limit);
    this.#keepBefore(from, read);
    return read.filter((stored) => stored.seq < seq);
  }

  /** What was read is kept too where it reaches to what is. */
  #keepBefore(from: number, read: readonly StoredRecord[]): void {
    const last = read.at(-1)?.seq;
    const after = this.#after;
    if (after === null || last === undefined || last < after || from >= after) return;
    this.#recent.unshift(...read.filter(({ seq }) => seq <= after));
    this.#after = from;
    this.#drop();
  }

  #drop(): void {
    if (this.#recent.length <= 2 * recordsKept) return;
    const dropped = this.#recent.splice(0, this.#recent.length - recordsKept);
    this.#after = dropped.at(-1)?.seq ?? this.#after;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    let last: number | null = null;
    while (!signal.aborted) {
      try {
        last ??= (await this.#link.stack()).seq;
        this.#after ??= last;
        this.#spoil();
        for await (const stored of this.#link.follow(last, signal)) {
          last = Math.max(last, stored.seq);
          this.#hear(stored);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#log(`the controller can't be followed: ${errorInfo(error).message}`);
      }
      await pause(followAgainMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #spoil(): void {
    this.#shown.spoil();
    this.#incidents.spoil();
  }

  #hear(stored: StoredRecord): void {
    this.#spoil();
    this.#recent.push(stored);
    this.#drop();
    if ('incident' in stored.record && stored.record.incident !== null) {
      this.#changedIncidents.add(stored.record.incident);
    }
    if (this.#listeners.size === 0) {
      this.#changedIncidents.clear();
      this.#bases.clear();
      return;
    }
    this.#tell({ kind: 'record', stored, json: recordJson(stored) });
    this.#showSoon();
  }

  #showSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#showChanges().catch((error: unknown) => this.#log(errorInfo(error).message));
    }, 20);
  }

  /** Others may have asked for the view meanwhile: what counts is what was told. */
  async #showChanges(): Promise<void> {
    const now = await this.shown();
    const before = [...this.#bases];
    this.#bases = new Set([now]);
    if (before.some(({ stack }) => stack !== now.stack)) {
      this.#tell({ kind: 'stack', json: now.stack });
    }
    const changed = [...now.services].filter(([name, json]) =>
      before.some(({ services }) => services.get(name) !== json),
    );
    if (changed.length > 0) {
      this.#tell({ kind: 'services', json: `[${changed.map(([, json]) => json).join(',')}]` });
    }
    const incidents = [...this.#changedIncidents].slice(0, incidentsAtOnce);
    for (const id of incidents) {
      this.#changedIncidents.delete(id);
      const incident: IncidentView = await this.#link.incident(id);
      this.#tell({ kind: 'incident', json: JSON.stringify(incident) });
    }
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function shownOf(view: StackView): Shown {
  const services = new Map(view.services.map((service) => [service.name, JSON.stringify(service)]));
  const list = `[${[...services.values()].join(',')}]`;
  const { services: _, at, seq, ...stack } = view;
  return {
    view,
    services,
    stack: JSON.stringify(stack satisfies Omit<StackView, 'services' | 'at' | 'seq'>),
    list,
    page: Buffer.from(`{"items":${list},"next":null}`),
  };
}
