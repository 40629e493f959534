/**
 * Whether a service was there, as spans of time.
 *
 *   uncounted ─▶ up ⇄ down        uncounted: not wanted, or not up yet since it was
 *       ▲────────┴─────┘
 */
import { availabilityWindows, type OutageCause } from '../model/availability.ts';
import type { IncidentId, InstanceId } from '../model/ids.ts';
import { InstanceStory } from './instance-story.ts';

export interface Span {
  readonly state: 'up' | 'down' | 'uncounted';
  from: number;
  cause: OutageCause;
  incident: IncidentId | null;
}

const spansKept = 2_000;

export class ServiceStory {
  readonly instances = new Map<InstanceId, InstanceStory>();
  /** With failover: who is primary, and whether writes through it succeeded. */
  primary: { readonly id: InstanceId; served: boolean } | null = null;
  underMaintenance = false;
  /** Each goes on until the next one begins; the last one until now. */
  readonly spans: Span[];
  since: number;

  constructor(since: number) {
    this.since = since;
    this.spans = [{ state: 'uncounted', from: since, cause: 'fault', incident: null }];
  }

  get last(): Span {
    const last = this.spans.at(-1);
    if (last === undefined) throw new Error('a service has a state at any time');
    return last;
  }

  /** `wanted`: it is, when it is new and its service has no others that tell. */
  instance(id: InstanceId, how: { readonly assumed: boolean; readonly wanted: boolean }) {
    const known = this.instances.get(id);
    if (known !== undefined) return known;
    const others = [...this.instances.values()];
    const wanted = others.length === 0 ? how.wanted : others.some((one) => one.wanted);
    const story = new InstanceStory(how.assumed, wanted);
    this.instances.set(id, story);
    return story;
  }

  /** What was told since may not be counted on. */
  beginAnew(at: number): void {
    this.since = at;
    this.spans.splice(0, this.spans.length, { ...this.last, state: 'uncounted', from: at });
  }

  /** Something changed at `at`; an outage that came of it began at `onset`. */
  look(at: number, onset: number, why: Pick<Span, 'cause' | 'incident'>): void {
    const { last } = this;
    const state = this.#state();
    if (state === last.state) return;
    const from = state === 'down' ? Math.max(Math.min(onset, at), last.from) : at;
    const cause = this.underMaintenance && why.cause === 'fault' ? 'maintenance' : why.cause;
    this.spans.push({ state, from, cause, incident: why.incident });
    this.#forget(at);
  }

  #state(): Span['state'] {
    const wanted = [...this.instances].filter(([, one]) => one.wanted);
    if (wanted.length === 0) return 'uncounted';
    const { primary } = this;
    const serves =
      primary === null
        ? wanted.some(([, one]) => one.serves)
        : primary.served && this.instances.get(primary.id)?.serves === true;
    if (serves) return 'up';
    return this.last.state === 'uncounted' ? 'uncounted' : 'down';
  }

  #forget(at: number): void {
    const old = at - availabilityWindows.month;
    const next = this.spans[1];
    const [first] = this.spans;
    if (first === undefined || next === undefined) return;
    if (next.from >= old && this.spans.length <= spansKept) return;
    this.spans.shift();
    this.since = Math.max(this.since, next.from);
  }
}
