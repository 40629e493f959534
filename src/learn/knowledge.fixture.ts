/** Any knowledge whatever, as somebody hostile might import it. */
import fc from 'fast-check';
import type { Knowledge } from '../model/knowledge.ts';
import { faultKinds, symptomKinds } from '../model/symptom.ts';

const count = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom(0, 1e9),
  fc.integer({ min: 0, max: 1e9 }),
);
const tally = fc.record({ yes: count, no: count });
const remedies = ['restart', 'retry', 'take-out', 'run safe', 'run destructive', 'run reindex'];

function some<T>(names: readonly string[], value: fc.Arbitrary<T>) {
  return fc.dictionary(fc.constantFrom(...names), value) as fc.Arbitrary<Record<string, T>>;
}

const common = {
  observedMs: fc.double({ min: 0, max: 1e15, noNaN: true }),
  faults: some(faultKinds, count),
  outcomes: some(remedies, some(faultKinds, tally)),
};

/** About services of these names. */
export function anyKnowledge(services: readonly string[]): fc.Arbitrary<Knowledge> {
  const spread = fc.record({
    count,
    mean: fc.double({ min: 0, max: 40, noNaN: true }),
    m2: fc.double({ min: 0, max: 1e12, noNaN: true }),
  });
  const detections = fc.record({ hits: count, misses: count, kinds: some(symptomKinds, count) });
  const service = fc.record({
    ...common,
    durations: some(remedies, spread),
    passedOn: some(services, tally),
    detectors: some(
      ['health', 'exit', ...symptomKinds],
      fc.record({ byFault: some(faultKinds, detections), falseAlarms: count }),
    ),
  });
  return fc.record({
    version: fc.constant(1 as const),
    stack: fc.record(common),
    services: some(services, service),
  });
}
