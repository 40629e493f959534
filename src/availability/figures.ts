/** Figures of a service, from its spans and incidents; src/model/availability.ts defines them. */
import {
  type AvailabilityFigures,
  type AvailabilityWindow,
  availabilityWindows,
  type Outage,
  type ServiceAvailability,
} from '../model/availability.ts';
import type { IncidentId, ServiceName } from '../model/ids.ts';
import type { Episode } from './incident-story.ts';
import type { ServiceStory, Span } from './service-story.ts';

const outagesShown = 200;

interface Known {
  readonly story: ServiceStory;
  readonly episodes: readonly Episode[];
  /** Incidents that drills brought about. */
  readonly drills: ReadonlySet<IncidentId>;
  readonly at: number;
}

interface Stretch extends Span {
  readonly until: number | null;
}

export function figuresOf(service: ServiceName, known: Known): ServiceAvailability {
  const { story, drills, at } = known;
  const stretches = stretchesOf(story.spans, drills);
  const begin = Math.max(story.since, at - availabilityWindows.month);
  const shown = stretches.filter(({ until }) => (until ?? at) >= begin);
  const window = (name: AvailabilityWindow) =>
    windowOf(stretches, known, availabilityWindows[name]);
  return {
    service,
    state: story.last.state,
    since: story.since,
    windows: { day: window('day'), week: window('week'), month: window('month') },
    outages: shown.filter(isOutage).map(outageOf).reverse().slice(0, outagesShown),
    uncounted: shown
      .filter(({ state }) => state === 'uncounted')
      .map(({ from, until }) => ({ from: Math.max(from, begin), until: until ?? at })),
  };
}

function stretchesOf(spans: readonly Span[], drills: ReadonlySet<IncidentId>): Stretch[] {
  return spans.map((span, index) => {
    const { cause, incident } = span;
    const isDrill = cause === 'fault' && incident !== null && drills.has(incident);
    return { ...span, cause: isDrill ? 'drill' : cause, until: spans[index + 1]?.from ?? null };
  });
}

function isOutage({ state }: Stretch): boolean {
  return state === 'down';
}

function outageOf({ from, until, cause, incident }: Stretch): Outage {
  return { from, until, cause, incident };
}

function windowOf(
  stretches: readonly Stretch[],
  { story, episodes, at }: Known,
  windowMs: number,
): AvailabilityFigures {
  const from = Math.max(story.since, at - windowMs);
  const within = stretches.filter(({ until }) => until === null || until > from);
  const lasted = (state: Span['state']) =>
    within
      .filter((one) => one.state === state)
      .reduce((sum, one) => sum + Math.max(0, (one.until ?? at) - Math.max(one.from, from)), 0);
  const [upMs, downMs] = [lasted('up'), lasted('down')];
  const outages = within.filter(isOutage);
  const failures = outages.filter((one) => one.cause === 'fault' && one.from >= from).length;
  const begun = episodes.filter(({ onset }) => onset >= from);
  const over = begun.filter(({ resolved }) => resolved !== null);
  return {
    from,
    availability: upMs + downMs === 0 ? null : upMs / (upMs + downMs),
    upMs,
    downMs,
    outages: outages.length,
    mttdMs: mean(begun.map(({ detected, onset }) => detected - onset)),
    mttrMs: mean(over.map(({ recovered, onset }) => (recovered ?? onset) - onset)),
    mtbfMs: failures === 0 ? null : upMs / failures,
  };
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
