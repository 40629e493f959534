import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type FaultKind, faultKinds } from '../model/symptom.ts';
import {
  chanceToMend,
  detectEstimate,
  edgeEstimate,
  expectedMs,
  faultsPerHour,
  outcomesOf,
  priorFactors,
  typicalMs,
} from './estimates.ts';
import { anyKnowledge } from './knowledge.fixture.ts';
import { type Lesson, learn, noKnowledge } from './lessons.ts';

const table = Object.fromEntries(faultKinds.map((kind) => [kind, 0.01])) as Record<
  FaultKind,
  number
>;

function learned(...lessons: readonly Lesson[]) {
  const knowledge = noKnowledge();
  for (const lesson of lessons) learn(knowledge, lesson);
  return knowledge;
}

function outcome(service: string, mended: boolean, instead = false): Lesson {
  return { kind: 'outcome', service, remedy: 'restart', fault: 'hang', mended, instead };
}

/** Of numbers in the order of `faultKinds`. */
function at(factors: readonly number[], fault: FaultKind): number {
  return factors[faultKinds.indexOf(fault)] ?? Number.NaN;
}

const restart = { service: 'api', remedy: 'restart', fault: 'hang' as const };
const hour = 3_600_000;

describe('lessons', () => {
  test('outcomes count at their service and in the stack', () => {
    const knowledge = learned(outcome('api', true), outcome('api', false), outcome('db', true));
    const { own, elsewhere } = outcomesOf(knowledge, restart);
    assert.deepEqual({ own, elsewhere }, { own: { yes: 1, no: 1 }, elsewhere: { yes: 1, no: 0 } });
  });

  test('what came back did not mend: it is counted anew, not twice', () => {
    const knowledge = learned(outcome('api', true), outcome('api', false, true));
    assert.deepEqual(outcomesOf(knowledge, restart).own, { yes: 0, no: 1 });
  });

  test('services, remedies and detectors are bounded; the oldest go', () => {
    const many = Array.from({ length: 6_000 }, (_, index) => outcome(`s${index}`, true));
    const knowledge = learned(...many);
    assert.equal(Object.keys(knowledge.services).length, 5_000);
    assert.equal(knowledge.services['s0'], undefined);
    assert.ok(knowledge.services['s5999']);
    const alarms = Array.from({ length: 100 }, (_, index): Lesson => {
      return { kind: 'false-alarm', service: 'api', detector: `d${index}` };
    });
    assert.equal(Object.keys(learned(...alarms).services['api']?.detectors ?? {}).length, 60);
  });

  test('a detector: hits by kind, misses', () => {
    const seen = { kind: 'detection', service: 'api', detector: 'health', fault: 'hang' } as const;
    const knowledge = learned(
      { ...seen, symptom: 'health-timeout' },
      { ...seen, symptom: 'health-timeout' },
      { ...seen, symptom: null },
    );
    assert.deepEqual(knowledge.services['api']?.detectors['health']?.byFault.hang, {
      hits: 2,
      misses: 1,
      kinds: { 'health-timeout': 2 },
    });
    const { service, detector, fault } = seen;
    const found = detectEstimate(knowledge, { service, detector, fault }, 0.9);
    assert.deepEqual(found, { chance: (4 * 0.9 + 2) / 7, yes: 2, cases: 3 });
  });
});

describe('estimates', () => {
  test('nothing learned: the table', () => {
    const nothing = noKnowledge();
    assert.equal(chanceToMend(nothing, restart, 0.9), 0.9);
    assert.equal(expectedMs(nothing, restart, 2000), 2000);
    assert.equal(typicalMs(nothing, restart), null);
    assert.equal(at(priorFactors(nothing, table)('api'), 'crash'), 1);
    const edge = { service: 'api', dependency: 'db' };
    assert.deepEqual(edgeEstimate(nothing, edge, 0.9), { chance: 0.9, yes: 0, cases: 0 });
    assert.equal(faultsPerHour(nothing, { service: 'api', fault: 'crash' }, table), 0.0001);
  });

  test('few cases move little, the rest of the stack less, many decide', () => {
    const times = (count: number, lesson: Lesson) => Array.from({ length: count }, () => lesson);
    const chance = (...lessons: Lesson[]) => chanceToMend(learned(...lessons), restart, 0.9);
    const elsewhere = chance(...times(3, outcome('db', false)));
    const own = chance(...times(3, outcome('api', false)));
    assert.ok(own < elsewhere && elsewhere < 0.9 && own > 0.4);
    assert.ok(chance(...times(300, outcome('api', false))) < 0.02);
  });

  test('what fails often is likelier, there and among its kind; what never does, less', () => {
    const crash: Lesson = { kind: 'fault', service: 'api', fault: 'crash' };
    const watched = (service: string | null, hours: number): Lesson => {
      return { kind: 'watched', service, ms: hours * hour };
    };
    const exposure = [watched(null, 2000), watched('api', 1000), watched('db', 1000)];
    const knowledge = learned(...exposure, ...Array.from({ length: 8 }, () => crash));
    const api = priorFactors(knowledge, table)('api');
    const db = priorFactors(knowledge, table)('db');
    assert.ok(at(api, 'crash') > at(db, 'crash') && at(db, 'crash') > at(db, 'hang'));
    assert.ok(at(api, 'crash') > 2 && at(api, 'hang') < 1);
    const perHour = faultsPerHour(knowledge, { service: 'api', fault: 'crash' }, table);
    assert.ok(perHour > 0.003 && perHour < 0.009, `8 in 1000 h: ${perHour}`);
  });

  test('a long quiet time makes nothing unthinkable', () => {
    const quiet = learned(
      { kind: 'watched', service: null, ms: 1e6 * hour },
      { kind: 'watched', service: 'api', ms: 1e6 * hour },
    );
    assert.ok(at(priorFactors(quiet, table)('api'), 'crash') > 0.5);
  });

  test('whatever was imported, chances stay within (0, 1) and times finite', () => {
    fc.assert(
      fc.property(anyKnowledge(['api', 'db']), fc.constantFrom(...faultKinds), (known, fault) => {
        const chances = [
          chanceToMend(known, { ...restart, fault }, 0.9),
          edgeEstimate(known, { service: 'api', dependency: 'db' }, 0.9).chance,
          detectEstimate(known, { service: 'api', detector: 'health', fault }, 0.5).chance,
        ];
        for (const chance of chances) assert.ok(chance >= 0.001 && chance <= 0.999, `${chance}`);
        const factor = at(priorFactors(known, table)('api'), fault);
        assert.ok(factor >= 0.2 && factor <= 10, `${factor}`);
        const ms = expectedMs(known, restart, 2000);
        assert.ok(ms >= 1 && ms <= 1e9, `${ms}`);
      }),
      { numRuns: 50 },
    );
  });

  test('one more success never lowers a chance, one more failure never raises it', () => {
    fc.assert(
      fc.property(anyKnowledge(['api']), (known) => {
        const before = chanceToMend(known, restart, 0.9);
        const better = structuredClone(known);
        learn(better, outcome('api', true));
        const worse = structuredClone(known);
        learn(worse, outcome('api', false));
        assert.ok(chanceToMend(better, restart, 0.9) >= Math.min(before, 0.999) - 1e-9);
        assert.ok(chanceToMend(worse, restart, 0.9) <= Math.max(before, 0.001) + 1e-9);
      }),
      { numRuns: 50 },
    );
  });
});
