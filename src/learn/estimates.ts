/**
 * From counts to numbers: each estimate shrinks towards the whole stack where that is known, and
 * that towards the default table, which the caller gives. Pure. A few cases move a number little.
 */
import type { ServiceName } from '../model/ids.ts';
import type {
  CommonKnowledge,
  Detections,
  Estimate,
  Knowledge,
  PerFault,
  ServiceKnowledge,
  Tally,
} from '../model/knowledge.ts';
import { type FaultKind, faultKinds, type SymptomKind } from '../model/symptom.ts';
import { betaMean, expectedDuration, relativeRate } from './conjugate.ts';

/** So many cases the default table is worth to the stack, and the stack to one service. */
const tableWeight = 8;
const stackWeight = 4;
/** And the table to one detector. */
const detectorWeight = 4;
/** Strength of a dependency: it is seldom to be seen, and a wrong one hides causes. */
const edgeWeight = 8;
const edgeMin = 0.05;
/** Of relative rates: cases that an expectation is worth. */
const rateWeight = 2;
/** Rates weigh faults against each other; they may not make one unthinkable. */
const factorMin = 0.2;
const factorMax = 10;
/** The table's prior is taken as the chance of a fault in so many hours of one instance. */
const tableHours = 100;
const hourMs = 3_600_000;

/** What the default table says of each kind of fault. */
type FaultTable = Readonly<Record<FaultKind, number>>;

const none: CommonKnowledge = { observedMs: 0, faults: {}, outcomes: {} };

export function serviceKnowledge(
  knowledge: Knowledge,
  service: ServiceName,
): ServiceKnowledge | undefined {
  return Object.hasOwn(knowledge.services, service) ? knowledge.services[service] : undefined;
}

function tallyOf({ outcomes }: CommonKnowledge, remedy: string, fault: FaultKind): Tally {
  const byFault = Object.hasOwn(outcomes, remedy) ? outcomes[remedy] : undefined;
  return byFault?.[fault] ?? { yes: 0, no: 0 };
}

/** Faults per hour of one instance: how often, relative to what the table expects of the stack. */
interface Rates {
  readonly scale: number;
  /** At a service, in the order of `faultKinds`. */
  readonly relativeAt: (service: ServiceName) => number[];
}

/**
 * Gamma–Poisson in three steps, each shrunk towards the one before: how often anything fails in
 * this stack, how often this kind does, how often it does at this service.
 */
function rates(knowledge: Knowledge, table: FaultTable): Rates {
  const { stack } = knowledge;
  const perHour = perHourBy(table);
  const hours = stack.observedMs / hourMs;
  const happened = countsOf(stack);
  const scale = relativeRate(rateWeight, sumOf(happened), sumOf(perHour.map((one) => one * hours)));
  const ofKinds = perHour.map((one, index) =>
    relativeRate(rateWeight, happened[index] ?? 0, scale * (one * hours)),
  );
  const relativeAt = (service: ServiceName) => {
    const own = serviceKnowledge(knowledge, service) ?? none;
    const ownHours = own.observedMs / hourMs;
    const counts = countsOf(own);
    return ofKinds.map((ofKind, index) => {
      const ofService = scale * ofKind * ((perHour[index] ?? 0) * ownHours);
      return ofKind * relativeRate(rateWeight, counts[index] ?? 0, ofService);
    });
  };
  return { scale, relativeAt };
}

const perHours = new WeakMap<FaultTable, readonly number[]>();

/** Faults that the table expects in an hour of one instance, in the order of `faultKinds`. */
function perHourBy(table: FaultTable): readonly number[] {
  const known = perHours.get(table);
  if (known !== undefined) return known;
  const perHour = faultKinds.map((fault) => table[fault] / tableHours);
  perHours.set(table, perHour);
  return perHour;
}

const noCounts: readonly number[] = faultKinds.map(() => 0);

/** In the order of `faultKinds`; of most kinds there was none yet. */
function countsOf({ faults }: CommonKnowledge): readonly number[] {
  const counts = [...noCounts];
  for (const fault in faults) {
    const index = faultKinds.indexOf(fault as FaultKind);
    if (index !== -1) counts[index] = faults[fault as FaultKind] ?? 0;
  }
  return counts;
}

function sumOf(numbers: readonly number[]): number {
  let sum = 0;
  for (const one of numbers) sum += one;
  return sum;
}

/**
 * How much likelier each kind of fault, in the order of `faultKinds`, is at a service than the
 * table says, 0.2 to 10. The table itself stays the measure of whether anything is wrong at all:
 * there would be no question if nothing had been seen.
 */
export function priorFactors(
  knowledge: Knowledge,
  table: FaultTable,
): (service: ServiceName) => number[] {
  const { relativeAt } = rates(knowledge, table);
  return (service) => {
    const factors = relativeAt(service);
    for (const [kind, factor] of factors.entries())
      factors[kind] = Math.min(factorMax, Math.max(factorMin, factor));
    return factors;
  };
}

/** Faults of this kind to be expected in an hour of one instance. */
export function faultsPerHour(
  knowledge: Knowledge,
  { service, fault }: { readonly service: ServiceName; readonly fault: FaultKind },
  table: FaultTable,
): number {
  const { scale, relativeAt } = rates(knowledge, table);
  const relative = relativeAt(service)[faultKinds.indexOf(fault)] ?? 1;
  return (table[fault] / tableHours) * scale * relative;
}

/** Proven faults of this kind at the service, those of drills among them. */
export function casesOf(knowledge: Knowledge, service: ServiceName, fault: FaultKind): number {
  const known = serviceKnowledge(knowledge, service);
  if (known === undefined) return 0;
  let cases = known.faults[fault] ?? 0;
  for (const name in known.detectors) {
    const found = known.detectors[name]?.byFault[fault];
    if (found !== undefined) cases = Math.max(cases, found.hits + found.misses);
  }
  return cases;
}

interface Remedied {
  readonly service: ServiceName;
  readonly remedy: string;
  readonly fault: FaultKind;
}

/** How often the remedy mended such faults at the service itself, and elsewhere in the stack. */
export function outcomesOf(
  knowledge: Knowledge,
  { service, remedy, fault }: Remedied,
): { readonly own: Tally; readonly elsewhere: Tally } {
  const own = tallyOf(serviceKnowledge(knowledge, service) ?? none, remedy, fault);
  const all = tallyOf(knowledge.stack, remedy, fault);
  const elsewhere = { yes: Math.max(0, all.yes - own.yes), no: Math.max(0, all.no - own.no) };
  return { own, elsewhere };
}

/** q(action, fault): P(the remedy mends the fault), `byTable` where nothing is known. */
export function chanceToMend(knowledge: Knowledge, which: Remedied, byTable: number): number {
  const { own, elsewhere } = outcomesOf(knowledge, which);
  if (own.yes + own.no + elsewhere.yes + elsewhere.no === 0) return byTable;
  return betaMean(betaMean(byTable, tableWeight, elsewhere), stackWeight, own);
}

/** Expected time to recovery by a remedy; `defaultMs` where nothing is known. Milliseconds, ≥ 1. */
export function expectedMs(
  knowledge: Knowledge,
  { service, remedy }: Omit<Remedied, 'fault'>,
  defaultMs: number,
): number {
  const spread = durationsOf(knowledge, service)[remedy];
  return Math.min(1e9, Math.max(1, expectedDuration(defaultMs, spread).meanMs));
}

/** Median of the times that it took to recover; null: never yet. Milliseconds. */
export function typicalMs(
  knowledge: Knowledge,
  { service, remedy }: Omit<Remedied, 'fault'>,
): number | null {
  const spread = durationsOf(knowledge, service)[remedy];
  return spread === undefined || spread.count === 0 ? null : Math.exp(spread.mean);
}

function durationsOf(knowledge: Knowledge, service: ServiceName): ServiceKnowledge['durations'] {
  return serviceKnowledge(knowledge, service)?.durations ?? {};
}

/** P(a fault of the dependency comes through to the service). */
export function edgeEstimate(
  knowledge: Knowledge,
  { service, dependency }: { readonly service: ServiceName; readonly dependency: ServiceName },
  byTable: number,
): Estimate {
  const passedOn = serviceKnowledge(knowledge, service)?.passedOn ?? {};
  const tally = passedOn[dependency];
  if (tally === undefined) return { chance: byTable, yes: 0, cases: 0 };
  const chance = Math.max(edgeMin, betaMean(byTable, edgeWeight, tally));
  return { chance, yes: tally.yes, cases: tally.yes + tally.no };
}

interface Detected {
  readonly service: ServiceName;
  readonly detector: string;
  readonly fault: FaultKind;
}

/** P(the detector shows a symptom | the fault). */
export function detectEstimate(
  knowledge: Knowledge,
  { service, detector, fault }: Detected,
  byTable: number,
): Estimate {
  const known = detections(knowledge, service, detector)?.[fault];
  return known === undefined
    ? { chance: byTable, yes: 0, cases: 0 }
    : shownEstimate(known, byTable, null);
}

/** What the detector showed of each kind of fault; undefined: there was none. */
export function detections(
  knowledge: Knowledge,
  service: ServiceName,
  detector: string,
): PerFault<Detections> | undefined {
  return serviceKnowledge(knowledge, service)?.detectors[detector]?.byFault;
}

/** P(a symptom is shown, of this kind if one is named), by the cases and what the table says. */
export function shownEstimate(
  { hits, misses, kinds }: Detections,
  byTable: number,
  kind: SymptomKind | null,
): Estimate {
  const cases = hits + misses;
  const yes = kind === null ? hits : (kinds[kind] ?? 0);
  const tally = { yes, no: Math.max(0, cases - yes) };
  return { chance: betaMean(byTable, detectorWeight, tally), yes, cases };
}
