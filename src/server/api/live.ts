/**
 * The running stack as the API shows it: asked of the controller only when something has happened,
 * and then once for all who want to know.
 *
 * 1. The controller is followed by one connection, and asked for its view at most ten times a
 *    second, however many look on.
 * 2. What is shown is never older than the last record that came, but for that tenth of a second.
 * 3. Whoever changed something sees the change: `touch` makes the next view a new one.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorInfo } from '../../model/errors.ts';
import type { StoredRecord } from '../../model/record.ts';
import type { IncidentView, StackView } from '../../model/view.ts';
import { recordJson } from './record-json.ts';
import type { StackLink } from './stack-link.ts';

const viewEveryMs = 100;
const viewKeptMs = 5_000;
const recordsKept = 2_000;
const incidentsAtOnce = 20;
const followAgainMs = 500;

export type LiveEvent =
  | { readonly kind: 'record'; readonly stored: StoredRecord; readonly json: string }
  /** What has changed of it: without services. */
  | { readonly kind: 'stack'; readonly json: string }
  | { readonly kind: 'services'; readonly json: string }
  | { readonly kind: 'incident'; readonly json: string };

export interface Shown {
  readonly view: StackView;
  readonly at: number;
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
  #recent: StoredRecord[] = [];
  #changedIncidents = new Set<string>();
  #shown: Shown | null = null;
  #isStale = true;
  #refreshing: Promise<Shown> | null = null;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(link: StackLink, log: (text: string) => void) {
    this.#link = link;
    this.#log = log;
  }

  /** Follows the controller from now on. */
  start(): void {
    void this.#follow();
  }

  close(): void {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async shown(): Promise<Shown> {
    const kept = this.#shown;
    if (kept !== null && !this.#isStale && performance.now() - kept.at < viewKeptMs) return kept;
    return this.#refresh();
  }

  /** Something was done just now. */
  touch(): void {
    this.#isStale = true;
    this.#refreshedAt = Number.NEGATIVE_INFINITY;
  }

  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Null: not all of those after `seq` are kept here. */
  recentAfter(seq: number): readonly StoredRecord[] | null {
    const first = this.#recent[0]?.seq;
    if (first === undefined || first > seq + 1) return null;
    return this.#recent.filter((stored) => stored.seq > seq);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    let last: number | null = null;
    while (!signal.aborted) {
      try {
        last ??= (await this.#link.stack()).seq;
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

  #hear(stored: StoredRecord): void {
    this.#isStale = true;
    this.#recent.push(stored);
    if (this.#recent.length > 2 * recordsKept) this.#recent = this.#recent.slice(-recordsKept);
    if ('incident' in stored.record && stored.record.incident !== null) {
      this.#changedIncidents.add(stored.record.incident);
    }
    if (this.#listeners.size === 0) {
      this.#changedIncidents.clear();
      return;
    }
    this.#tell({ kind: 'record', stored, json: recordJson(stored) });
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#showChanges().catch((error: unknown) => this.#log(errorInfo(error).message));
    }, 20);
  }

  async #showChanges(): Promise<void> {
    const before = this.#shown;
    const now = await this.shown();
    if (before === null || before.stack !== now.stack) {
      this.#tell({ kind: 'stack', json: now.stack });
    }
    const changed = [...now.services].filter(([name, json]) => before?.services.get(name) !== json);
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

  #refresh(): Promise<Shown> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #ask(): Promise<Shown> {
    const waitMs = this.#refreshedAt + viewEveryMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    this.#refreshedAt = performance.now();
    this.#isStale = false;
    try {
      this.#shown = shownOf(await this.#link.stack());
      return this.#shown;
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
  }
}

function shownOf(view: StackView): Shown {
  const services = new Map(view.services.map((service) => [service.name, JSON.stringify(service)]));
  const list = `[${[...services.values()].join(',')}]`;
  const { services: _, at, seq, ...stack } = view;
  return {
    view,
    at: performance.now(),
    services,
    stack: JSON.stringify(stack satisfies Omit<StackView, 'services' | 'at' | 'seq'>),
    list,
    page: Buffer.from(`{"items":${list},"next":null}`),
  };
}
