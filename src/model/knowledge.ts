/**
 * What was learned, as counts of what happened. The counts say nothing by themselves: `src/learn`
 * weighs them against the default tables, so that a few cases lean on these.
 */
import type { ServiceName } from './ids.ts';
import type { FaultKind, SymptomKind } from './symptom.ts';

export type PerFault<T> = Partial<Record<FaultKind, T>>;

/** So often it was so, and so often it was not. */
export interface Tally {
  yes: number;
  no: number;
}

/** Of the natural logarithms of durations in milliseconds; `m2`: sum of squared deviations. */
export interface Spread {
  count: number;
  mean: number;
  m2: number;
}

/** What one detector did when there was a fault of a kind. */
export interface Detections {
  hits: number;
  misses: number;
  /** In how many of the hits it showed a symptom of this kind. */
  kinds: Partial<Record<SymptomKind, number>>;
}

export interface DetectorKnowledge {
  byFault: PerFault<Detections>;
  /** It passed by itself: nothing was done, and the same process serves on. */
  falseAlarms: number;
}

/** What is counted over the whole stack as well. */
export interface CommonKnowledge {
  /** Milliseconds that its instances ran while somebody watched, all together. */
  observedMs: number;
  /** Faults that were proven by their recovery; those of drills are not among them. */
  faults: PerFault<number>;
  /** By remedy (`restart`, `retry`, `take-out`, `run NAME`): did it mend the fault. */
  outcomes: Record<string, PerFault<Tally>>;
}

export interface ServiceKnowledge extends CommonKnowledge {
  /** By remedy: from its begin to recovery, where it was verified. */
  durations: Record<string, Spread>;
  /** By dependency: did this service show symptoms while that one was at fault. */
  passedOn: Record<ServiceName, Tally>;
  /** By the name of the symptom. */
  detectors: Record<string, DetectorKnowledge>;
}

export interface Knowledge {
  version: 1;
  stack: CommonKnowledge;
  services: Record<ServiceName, ServiceKnowledge>;
}

/** A probability with what it rests on: `cases` 0 is the default table alone. */
export interface Estimate {
  readonly chance: number;
  readonly yes: number;
  readonly cases: number;
}

export interface DetectorView {
  readonly service: ServiceName;
  /** The symptom's name. */
  readonly detector: string;
  readonly hits: number;
  readonly misses: number;
  readonly falseAlarms: number;
  /** P(detected | fault) of each fault that it is expected to see, or has seen. */
  readonly detects: readonly (Estimate & { readonly fault: FaultKind })[];
}

export interface ServiceLearned {
  readonly service: ServiceName;
  /** Hours that its instances were watched, all together. */
  readonly observedHours: number;
  /** Likeliest first; `perHour`: of one instance. Only kinds that happened. */
  readonly faults: readonly {
    readonly fault: FaultKind;
    readonly cases: number;
    readonly perHour: number;
  }[];
  /** Chance that it mends the fault; `typicalMs`: to recovery, null while never verified. */
  readonly remedies: readonly (Estimate & {
    readonly remedy: string;
    readonly fault: FaultKind;
    readonly typicalMs: number | null;
  })[];
  /** Chance that a fault of the dependency shows here. */
  readonly passedOn: readonly (Estimate & { readonly dependency: ServiceName })[];
}

export interface KnowledgeView {
  readonly services: readonly ServiceLearned[];
  readonly detectors: readonly DetectorView[];
}
