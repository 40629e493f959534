/**
 * What is learned is the fold of lessons: facts of proven outcomes, made from the event log by the
 * engine. It only counts; tables and thresholds have no part in it: an old log keeps its meaning.
 *
 * 1. The same lessons in the same order make the same knowledge.
 * 2. It is bounded: of services, remedies and detectors the oldest is forgotten first.
 */
import type { ServiceName } from '../model/ids.ts';
import type {
  CommonKnowledge,
  DetectorKnowledge,
  Knowledge,
  PerFault,
  ServiceKnowledge,
  Spread,
  Tally,
} from '../model/knowledge.ts';
import type { ActionKind } from '../model/record.ts';
import type { FaultKind, SymptomKind } from '../model/symptom.ts';
import { addDuration } from './conjugate.ts';

export type Lesson =
  /** Somebody watched instances of a service run, for so long; null: of all. */
  | { readonly kind: 'watched'; readonly service: ServiceName | null; readonly ms: number }
  /** A fault was proven to have been there, by itself and not for a drill. */
  | { readonly kind: 'fault'; readonly service: ServiceName; readonly fault: FaultKind }
  /** A remedy mended a fault, or did not; `instead`: it was thought to have. */
  | {
      readonly kind: 'outcome';
      readonly service: ServiceName;
      readonly remedy: string;
      readonly fault: FaultKind;
      readonly mended: boolean;
      readonly instead: boolean;
    }
  | {
      readonly kind: 'duration';
      readonly service: ServiceName;
      readonly remedy: string;
      readonly ms: number;
    }
  /** A fault of a dependency showed at what depends on it, or did not. */
  | {
      readonly kind: 'passed-on';
      readonly service: ServiceName;
      readonly dependency: ServiceName;
      readonly shown: boolean;
    }
  /** There was a fault: what the detector showed of it; null: nothing. */
  | {
      readonly kind: 'detection';
      readonly service: ServiceName;
      readonly detector: string;
      readonly fault: FaultKind;
      readonly symptom: SymptomKind | null;
    }
  | { readonly kind: 'false-alarm'; readonly service: ServiceName; readonly detector: string };

const servicesMax = 5_000;
const remediesMax = 30;
const detectorsMax = 60;
const dependenciesMax = 100;

/** `restart`, `retry`, `take-out`, `run NAME`. */
export function remedyOf(kind: ActionKind, name: string | null): string {
  return name === null ? kind : `${kind} ${name}`;
}

export function noKnowledge(): Knowledge {
  return { version: 1, stack: noCommon(), services: {} };
}

function noCommon(): CommonKnowledge {
  return { observedMs: 0, faults: {}, outcomes: {} };
}

function noService(): ServiceKnowledge {
  return { ...noCommon(), durations: {}, passedOn: {}, detectors: {} };
}

const revisions = new WeakMap<ServiceKnowledge, number>();

/**
 * Another number whenever something was learned of what a service's detectors show: for whoever
 * keeps what he made of that. Not part of what is known.
 */
export function revisionOf(known: ServiceKnowledge): number {
  return revisions.get(known) ?? 0;
}

/** Changes the knowledge in place by one lesson. */
export function learn(knowledge: Knowledge, lesson: Lesson): void {
  if (lesson.kind === 'watched' && lesson.service === null) {
    knowledge.stack.observedMs += lesson.ms;
    return;
  }
  const own = entry(knowledge.services, lesson.service ?? '', noService, servicesMax);
  switch (lesson.kind) {
    case 'watched':
      own.observedMs += lesson.ms;
      return;
    case 'fault':
      for (const one of [own, knowledge.stack])
        one.faults[lesson.fault] = (one.faults[lesson.fault] ?? 0) + 1;
      return;
    case 'outcome':
      for (const one of [own, knowledge.stack]) learnOutcome(one, lesson);
      return;
    case 'duration':
      addDuration(entry(own.durations, lesson.remedy, noSpread, remediesMax), lesson.ms);
      return;
    case 'passed-on':
      count(entry(own.passedOn, lesson.dependency, noTally, dependenciesMax), lesson.shown);
      return;
    case 'detection':
      learnDetection(own, lesson);
      return;
    case 'false-alarm':
      detectorAt(own, lesson.detector).falseAlarms += 1;
      return;
  }
}

function learnOutcome(known: CommonKnowledge, lesson: Lesson & { kind: 'outcome' }): void {
  const { remedy, fault, mended, instead } = lesson;
  const byFault = entry(known.outcomes, remedy, noTallies, remediesMax);
  const tally = byFault[fault] ?? noTally();
  byFault[fault] = tally;
  count(tally, mended);
  if (instead && mended) tally.no = Math.max(0, tally.no - 1);
  if (instead && !mended) tally.yes = Math.max(0, tally.yes - 1);
}

function learnDetection(own: ServiceKnowledge, lesson: Lesson & { kind: 'detection' }): void {
  const { detector, fault, symptom } = lesson;
  revisions.set(own, revisionOf(own) + 1);
  const { byFault } = detectorAt(own, detector);
  const detections = byFault[fault] ?? { hits: 0, misses: 0, kinds: {} };
  byFault[fault] = detections;
  if (symptom === null) {
    detections.misses += 1;
    return;
  }
  detections.hits += 1;
  detections.kinds[symptom] = (detections.kinds[symptom] ?? 0) + 1;
}

function detectorAt(own: ServiceKnowledge, name: string): DetectorKnowledge {
  // One that is new may take the place of one that showed something.
  if (own.detectors[name] === undefined) revisions.set(own, revisionOf(own) + 1);
  return entry(own.detectors, name, noDetector, detectorsMax);
}

function count(tally: Tally, was: boolean): void {
  if (was) tally.yes += 1;
  else tally.no += 1;
}

function noTallies(): PerFault<Tally> {
  return {};
}

function noTally(): Tally {
  return { yes: 0, no: 0 };
}

function noSpread(): Spread {
  return { count: 0, mean: 0, m2: 0 };
}

function noDetector(): DetectorKnowledge {
  return { byFault: {}, falseAlarms: 0 };
}

/** How many entries there are, so that nobody has to count them for each that is new. */
const sizes = new WeakMap<object, number>();

/** The entry of that name, made if there is none; the oldest makes room for it. */
function entry<T>(all: Record<string, T>, name: string, make: () => T, most: number): T {
  const known = all[name];
  if (known !== undefined) return known;
  let size = sizes.get(all) ?? Object.keys(all).length;
  if (size >= most) {
    const old = Object.keys(all).slice(0, size + 1 - most);
    for (const one of old) delete all[one];
    size -= old.length;
  }
  const made = make();
  all[name] = made;
  sizes.set(all, size + 1);
  return made;
}
