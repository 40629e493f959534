/**
 * What to expect of a stack: many stories of one fault each, weighed by how often such faults
 * happen. Faults are taken to be rare: two at once are left out, and so is what a person does
 * wrong.
 *
 *     expected downtime = Σ over hazards of (faults a year) · (mean downtime of its stories)
 */
import type { ServiceName } from '../../model/ids.ts';
import type { Knowledge } from '../../model/knowledge.ts';
import type { ServiceSpec, StackSpec } from '../../model/stack-spec.ts';
import type { FaultKind } from '../../model/symptom.ts';
import { isJob, managed, personMs, unnoticedMs } from './assumptions.ts';
import { Crew } from './crew.ts';
import { type Hazard, hazardsOf, type Rates } from './hazards.ts';
import { type Change, changesOf } from './improve.ts';
import { forUsers } from './story.ts';
import type { Job, Told } from './worker.ts';

export const yearMs = 31_557_600_000;

export interface ForecastOptions {
  readonly spec: StackSpec;
  readonly rates: Rates;
  /** What the simulated Daruma knows; default: nothing yet. */
  readonly knowledge?: Knowledge;
  /** How many stories. */
  readonly seeds: number;
  readonly threads?: number | null;
  /** Stories told so far, of how many. */
  readonly onProgress?: (told: number, all: number) => void;
}

/** A kind of fault at a service. */
export interface FaultForecast {
  readonly service: ServiceName;
  readonly fault: FaultKind;
  /** A restart doesn't mend it. */
  readonly lasting: boolean;
  readonly perYear: number;
  readonly stories: number;
  /** Shares of its stories: mended without a person, needs one, nobody is told. */
  readonly survived: number;
  readonly needsPerson: number;
  readonly unnoticed: number;
  /** For users, per fault. */
  readonly meanDownMs: number;
  /** The story that was down longest for users: the one to look at. */
  readonly seed: number;
}

export interface ServiceForecast {
  readonly service: ServiceName;
  /** Share of the time in which it works, 0 to 1. */
  readonly availability: number;
  readonly faultsPerYear: number;
  readonly personsPerYear: number;
  /** Of all the downtime for users, the share that its faults cause. */
  readonly shareOfDowntime: number;
}

export interface Improvement extends Change {
  /** For users. */
  readonly savedMsPerYear: number;
  /** A story that the change would have shortened. */
  readonly seed: number;
}

export interface Forecast {
  readonly stack: string;
  readonly stories: number;
  /** Kinds of fault at services, and of how many of them no story was told. */
  readonly hazards: number;
  readonly untold: number;
  /** What users see: all services that no other depends on work. */
  readonly users: readonly ServiceName[];
  readonly availability: number;
  readonly downMsPerYear: number;
  readonly faultsPerYear: number;
  readonly personsPerYear: number;
  readonly services: readonly ServiceForecast[];
  /** Most downtime a year first. */
  readonly faults: readonly FaultForecast[];
  /** Its faults cause the most downtime; null: there is none. */
  readonly weakest: ServiceName | null;
  readonly improvements: readonly Improvement[];
}

export async function forecast(options: ForecastOptions): Promise<Forecast> {
  const spec = managed(options.spec);
  const hazards = hazardsOf(spec, options.rates);
  const given = { spec, hazards, ...knowing(options.knowledge) };
  const jobs = jobsFrom(given, 1, options.seeds);
  const changes = changesOf(spec);
  const retold = changes.flatMap((change) =>
    jobs
      .filter(({ hazard }) => hazard.service === change.service)
      .map((job): Job => ({ ...job, spec: change.spec })),
  );
  const all = jobs.length + retold.length;
  let count = 0;
  const onTold = () => {
    count += 1;
    options.onProgress?.(count, all);
  };
  const crew = new Crew({ threads: options.threads ?? null, onTold });
  try {
    const told = await crew.tell([...jobs, ...retold]);
    const chapters = chaptersOf(hazards, jobs, told.slice(0, jobs.length));
    const improvements = improved(chapters, changes, {
      jobs: retold,
      told: told.slice(jobs.length),
    });
    return summary(spec, hazards, chapters, improvements);
  } finally {
    await crew.close();
  }
}

/** Story `seed` of a stack; the same whatever the number of stories. */
export function jobOf(
  { spec: given, rates, knowledge }: Pick<ForecastOptions, 'spec' | 'rates' | 'knowledge'>,
  seed: number,
): Job | null {
  const spec = managed(given);
  const hazards = hazardsOf(spec, rates);
  return jobsFrom({ spec, hazards, ...knowing(knowledge) }, seed, 1)[0] ?? null;
}

function knowing(knowledge: Knowledge | undefined): { readonly knowledge?: Knowledge } {
  return knowledge === undefined ? {} : { knowledge };
}

function jobsFrom(
  { hazards, ...rest }: Omit<Job, 'seed' | 'hazard'> & { readonly hazards: readonly Hazard[] },
  first: number,
  count: number,
): Job[] {
  return Array.from({ length: count }, (_, index) => first + index).flatMap((seed) => {
    const hazard = hazards[(seed - 1) % hazards.length];
    return hazard === undefined ? [] : [{ ...rest, seed, hazard }];
  });
}

/** The stories of one hazard. */
interface Chapter {
  readonly hazard: Hazard;
  readonly stories: readonly Told[];
}

function chaptersOf(
  hazards: readonly Hazard[],
  jobs: readonly Job[],
  told: readonly Told[],
): Chapter[] {
  const byHazard = new Map<Hazard, Told[]>();
  for (const [index, { hazard }] of jobs.entries()) {
    const story = told[index];
    if (story !== undefined) byHazard.set(hazard, [...(byHazard.get(hazard) ?? []), story]);
  }
  return hazards.flatMap((hazard) => {
    const stories = byHazard.get(hazard);
    return stories === undefined ? [] : [{ hazard, stories }];
  });
}

/** With the time until a person has mended what is still down. */
function usersDownMs({ usersDownMs: seen, usersStillDown, ending }: Told): number {
  return seen + (usersStillDown ? untilMendedMs(ending) : 0);
}

function serviceDownMs({ downMs, stillDown, ending }: Told, service: ServiceName): number {
  return (downMs[service] ?? 0) + (stillDown.includes(service) ? untilMendedMs(ending) : 0);
}

function untilMendedMs(ending: Told['ending']): number {
  return ending === 'unnoticed' ? unnoticedMs : personMs;
}

function mean<T>(list: readonly T[], value: (one: T) => number): number {
  return list.length === 0 ? 0 : list.reduce((sum, one) => sum + value(one), 0) / list.length;
}

/** Σ rate · mean of the stories, a year. */
function perYear(chapters: readonly Chapter[], value: (story: Told) => number): number {
  return chapters.reduce(
    (sum, { hazard, stories }) => sum + hazard.perYear * mean(stories, value),
    0,
  );
}

function share(stories: readonly Told[], ending: Told['ending']): number {
  return mean(stories, (story) => Number(story.ending === ending));
}

function faultForecast({ hazard, stories }: Chapter): FaultForecast {
  const worst = [...stories].sort((a, b) => usersDownMs(b) - usersDownMs(a))[0];
  return {
    service: hazard.service,
    fault: hazard.kind,
    lasting: hazard.lasting,
    perYear: hazard.perYear,
    stories: stories.length,
    survived: share(stories, 'recovered'),
    needsPerson: share(stories, 'person'),
    unnoticed: share(stories, 'unnoticed'),
    meanDownMs: mean(stories, usersDownMs),
    seed: worst?.seed ?? 0,
  };
}

function serviceForecast(
  { name }: ServiceSpec,
  chapters: readonly Chapter[],
  downMsPerYear: number,
): ServiceForecast {
  const own = chapters.filter(({ hazard }) => hazard.service === name);
  const down = perYear(chapters, (story) => serviceDownMs(story, name));
  const caused = perYear(own, usersDownMs);
  return {
    service: name,
    availability: availabilityOf(down),
    faultsPerYear: perYear(own, () => 1),
    personsPerYear: perYear(own, ({ ending }) => Number(ending !== 'recovered')),
    shareOfDowntime: downMsPerYear === 0 ? 0 : caused / downMsPerYear,
  };
}

function availabilityOf(downMsPerYear: number): number {
  return Math.max(0, 1 - downMsPerYear / yearMs);
}

function summary(
  spec: StackSpec,
  hazards: readonly Hazard[],
  chapters: readonly Chapter[],
  improvements: readonly Improvement[],
): Forecast {
  const downMsPerYear = perYear(chapters, usersDownMs);
  const services = spec.services
    .filter((service) => !isJob(spec, service))
    .map((service) => serviceForecast(service, chapters, downMsPerYear));
  const [weakest] = [...services].sort((a, b) => b.shareOfDowntime - a.shareOfDowntime);
  const cost = (one: FaultForecast) => one.perYear * one.meanDownMs;
  return {
    stack: spec.name,
    stories: chapters.reduce((sum, { stories }) => sum + stories.length, 0),
    hazards: hazards.length,
    untold: hazards.length - chapters.length,
    users: forUsers(spec),
    availability: availabilityOf(downMsPerYear),
    downMsPerYear,
    faultsPerYear: perYear(chapters, () => 1),
    personsPerYear: perYear(chapters, ({ ending }) => Number(ending !== 'recovered')),
    services,
    faults: chapters.map(faultForecast).sort((a, b) => cost(b) - cost(a)),
    weakest: weakest === undefined || weakest.shareOfDowntime === 0 ? null : weakest.service,
    improvements,
  };
}

/** What each change would save: the stories of the changed service, told again. */
function improved(
  chapters: readonly Chapter[],
  changes: readonly Change[],
  again: { readonly jobs: readonly Job[]; readonly told: readonly Told[] },
): Improvement[] {
  const list = changes.map((change): Improvement => {
    const changed = new Map<number, Told>();
    for (const [index, { spec }] of again.jobs.entries()) {
      const story = again.told[index];
      if (spec === change.spec && story !== undefined) changed.set(story.seed, story);
    }
    const own = chapters.filter(({ hazard }) => hazard.service === change.service);
    const after = (story: Told) => usersDownMs(changed.get(story.seed) ?? story);
    const saved = (story: Told) => usersDownMs(story) - after(story);
    const [best] = own.flatMap(({ stories }) => stories).sort((a, b) => saved(b) - saved(a));
    const savedMsPerYear = perYear(own, usersDownMs) - change.instances * perYear(own, after);
    return { ...change, savedMsPerYear, seed: best?.seed ?? 0 };
  });
  return list
    .filter(({ savedMsPerYear }) => savedMsPerYear > 0)
    .sort((a, b) => b.savedMsPerYear - a.savedMsPerYear);
}
