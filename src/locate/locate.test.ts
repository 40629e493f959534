import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { anyKnowledge } from '../learn/knowledge.fixture.ts';
import { type Lesson, learn, noKnowledge } from '../learn/lessons.ts';
import { serviceOf } from '../model/ids.ts';
import { faultKinds, type SymptomKind, symptomKinds } from '../model/symptom.ts';
import { explains, locate } from './locate.ts';
import type { ComponentFacts, LocateInput, SeenSymptom, TriedAction } from './model.ts';
import { showDependant, showOwn } from './tables.ts';

const at = 1_000_000;

function seen(
  component: string,
  kind: SymptomKind,
  rest: { readonly killed?: boolean; readonly began?: number } = {},
): SeenSymptom {
  const { killed = false, began = at } = rest;
  const name = kind.startsWith('health') ? 'health' : kind;
  const id = `${component}#${name}`;
  return {
    symptom: { id, component, kind, name, began, evidence: `${kind} seen`, faults: [] },
    killed,
  };
}

function facts(id: string, rest: Partial<ComponentFacts> = {}): ComponentFacts {
  return {
    id,
    service: serviceOf(id) ?? '',
    othersReady: 0,
    running: true,
    checked: true,
    checkEveryMs: 1000,
    confirmed: null,
    startedAt: at - 3_600_000,
    ...rest,
  };
}

const healthy = { confirmed: { healthy: true, evidence: 'healthy' } };
const failing = { confirmed: { healthy: false, evidence: 'no answer' } };
const gone = { running: false, checked: false };
const dependsOn = { web: ['api'], api: ['db'], db: [] };

function input(
  symptoms: readonly SeenSymptom[],
  components: readonly ComponentFacts[],
  rest: Partial<LocateInput> = {},
): LocateInput {
  const knowledge = noKnowledge();
  return { at, symptoms, components, dependsOn, hosts: [], tried: [], knowledge, ...rest };
}

/** «api/1 hang», with a question mark when not sure. */
function best(given: LocateInput): string {
  const { causes, unsure } = locate(given);
  return `${causes[0]?.component} ${causes[0]?.fault}${unsure ? '?' : ''}`;
}

describe('one fault', () => {
  const table: readonly [string, LocateInput, string][] = [
    [
      'an exit by a signal is a crash, whatever the dependencies do',
      input([seen('api/1', 'exit', { killed: true })], [facts('api/1', gone), facts('db/1')]),
      'api/1 crash',
    ],
    [
      'an exit with a code and a healthy dependency is a crash',
      input([seen('api/1', 'exit')], [facts('api/1', gone), facts('db/1', healthy)]),
      'api/1 crash',
    ],
    [
      'a time-out of a living process with a healthy dependency is a hang',
      input([seen('api/1', 'health-timeout')], [facts('api/1'), facts('db/1', healthy)]),
      'api/1 hang',
    ],
    [
      'a wrong answer without dependencies is an error',
      input([seen('db/1', 'health-failed')], [facts('db/1')]),
      'db/1 error',
    ],
    [
      'a start that fails is the configuration',
      input([seen('api/1', 'start-failed')], [facts('api/1', gone)]),
      'api/1 configuration',
    ],
    ['an OOM kill is a leak', input([seen('api/1', 'oom')], [facts('api/1', gone)]), 'api/1 leak'],
    ['growing memory is a leak', input([seen('api/1', 'memory')], [facts('api/1')]), 'api/1 leak'],
    [
      'a busy processor is overload',
      input([seen('api/1', 'cpu')], [facts('api/1')]),
      'api/1 overload',
    ],
    [
      'a failing device is blamed on its host',
      input([seen('host:a', 'io-error')], [facts('api/1')], { hosts: ['host:a'] }),
      'host:a disk',
    ],
    [
      'an exit of the database explains failing checks above it',
      input(
        [
          seen('db/1', 'exit', { killed: true }),
          seen('api/1', 'health-failed'),
          seen('web/1', 'health-failed'),
        ],
        [facts('db/1', gone), facts('api/1'), facts('web/1')],
      ),
      'db/1 crash',
    ],
    [
      'a hanging database explains time-outs above it',
      input(
        [seen('db/1', 'health-timeout'), seen('api/1', 'health-timeout')],
        [facts('db/1'), facts('api/1')],
      ),
      'db/1 hang',
    ],
    [
      'a database that just failed a check is blamed before its own symptom comes',
      input(
        [seen('api/1', 'health-failed'), seen('api/2', 'health-failed')],
        [facts('api/1'), facts('api/2'), facts('db/1', failing)],
      ),
      'db/1 hang',
    ],
  ];
  for (const [name, given, expected] of table) {
    test(name, () => assert.equal(best(given), expected));
  }
});

describe('two faults at once', () => {
  test('both are blamed for sure when each shows what the other can not', () => {
    const both = [seen('api/1', 'exit', { killed: true }), seen('db/1', 'exit', { killed: true })];
    const { causes, unsure } = locate(input(both, [facts('api/1', gone), facts('db/1', gone)]));
    const blamed = causes.filter((one) => one.probability > 0.9);
    assert.deepEqual(blamed.map((one) => `${one.component} ${one.fault}`).sort(), [
      'api/1 crash',
      'db/1 crash',
    ]);
    assert.equal(unsure, false);
    for (const { component, evidence } of blamed)
      assert.deepEqual(
        evidence.map((one) => one.symptom),
        [`${component}#exit`],
        'what the other one shows is no evidence',
      );
  });

  test('one that explains all is not joined by another', () => {
    const { causes } = locate(
      input(
        [seen('db/1', 'exit', { killed: true }), seen('api/1', 'health-failed')],
        [facts('api/1'), facts('db/1', gone)],
      ),
    );
    assert.equal(causes[0]?.component, 'db/1');
    assert.ok(causes.slice(1).every((one) => one.probability < 0.3));
  });
});

describe('what was tried', () => {
  const timeout = [seen('api/1', 'health-timeout')];
  const none = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as TriedAction['mends'];
  const restart = { component: 'api/1', times: 1, mends: { ...none, hang: 0.9 } };

  test('makes what it would have mended less likely, and is told', () => {
    const after = (times: number) =>
      locate(
        input(timeout, [facts('api/1')], { tried: times === 0 ? [] : [{ ...restart, times }] }),
      ).causes;
    const chance = (list: typeof causes) =>
      list.find((one) => one.fault === 'hang')?.probability ?? 0;
    const causes = after(1);
    assert.ok(chance(causes) < chance(after(0)));
    assert.ok(chance(after(2)) < chance(after(1)));
    const told = causes[0]?.evidence.find((one) => one.text === 'one action failed');
    assert.equal(told?.supports, causes[0]?.fault !== 'hang');
  });

  test('blames nothing that has nothing to do with it', () => {
    const stopped = [seen('api/1', 'stopped')];
    const given = input(stopped, [facts('api/1'), facts('api/2')]);
    const [cause] = locate({ ...given, tried: [{ ...restart, times: 5 }] }).causes;
    assert.deepEqual([cause?.component, cause?.fault], ['api/1', 'hang']);
  });

  test('is no riddle any more where nothing shows now (seed 400737)', () => {
    const given = input([seen('api/1', 'memory')], [facts('api/1'), facts('db/1')]);
    const tried = [{ component: 'db/1', times: 9, mends: { ...none, hang: 0.9 } }];
    const [cause] = locate({ ...given, tried }).causes;
    assert.deepEqual([cause?.component, cause?.fault], ['api/1', 'leak']);
  });

  test('says nothing of other components', () => {
    const given = input(
      [...timeout, seen('db/1', 'exit', { killed: true })],
      [facts('api/1'), facts('db/1', gone)],
    );
    const db = locate({ ...given, tried: [restart] }).causes.find((one) => one.fault === 'crash');
    assert.ok((db?.probability ?? 0) > 0.9);
  });
});

describe('what was learned', () => {
  function learned(...lessons: readonly Lesson[]) {
    const knowledge = noKnowledge();
    for (const lesson of lessons) for (let n = 0; n < 40; n += 1) learn(knowledge, lesson);
    return { knowledge };
  }

  test('faults that happen often are likelier, and their cases are told', () => {
    const timeout = [seen('api/1', 'health-timeout')];
    const often: Lesson = { kind: 'fault', service: 'api', fault: 'slow' };
    const { causes } = locate(input(timeout, [facts('api/1')], learned(often)));
    const slow = causes.find((one) => one.fault === 'slow');
    const byTable = locate(input(timeout, [facts('api/1')])).causes;
    assert.ok(
      (slow?.probability ?? 0) > (byTable.find((one) => one.fault === 'slow')?.probability ?? 1),
    );
    assert.equal(slow?.cases, 40);
    assert.equal('cases' in (byTable[0] ?? {}), false);
  });

  test('a dependency whose faults never show is not blamed for what is seen above it', () => {
    const never: Lesson = { kind: 'passed-on', service: 'api', dependency: 'db', shown: false };
    const given = (rest: Partial<LocateInput>) =>
      probability(
        input([seen('api/1', 'health-timeout')], [facts('api/1'), facts('db/1')], rest),
        'db/1',
      );
    assert.ok(given(learned(never)) < given({}) / 2);
  });

  test('what a detector shows of a fault weighs by what it showed before', () => {
    const shown: Lesson = {
      kind: 'detection',
      service: 'api',
      detector: 'health',
      fault: 'slow',
      symptom: 'health-timeout',
    };
    const slow = (rest: Partial<LocateInput>) =>
      locate(input([seen('api/1', 'health-timeout')], [facts('api/1')], rest)).causes.find(
        (one) => one.fault === 'slow',
      )?.probability ?? 0;
    assert.ok(slow(learned(shown)) > slow({}));
  });

  test('whatever was imported, each cause has a probability', () => {
    fc.assert(
      fc.property(anyInput, anyKnowledge(['web', 'api', 'db']), (given, knowledge) => {
        for (const { probability: found } of locate({ ...given, knowledge }).causes)
          assert.ok(found >= 0 && found <= 1);
      }),
      { numRuns: 50 },
    );
  });
});

describe('evidence', () => {
  test('is in words, strongest first, and names what speaks against', () => {
    const [cause] = locate(
      input([seen('api/1', 'health-timeout')], [facts('api/1'), facts('db/1', healthy)]),
    ).causes;
    const texts = cause?.evidence.filter((one) => one.supports).map((one) => one.text);
    assert.deepEqual(texts, ['health-timeout seen', 'its dependencies healthy', 'process alive']);
    const bits = cause?.evidence.map((one) => Math.abs(one.bits)) ?? [];
    assert.deepEqual(
      bits,
      [...bits].sort((a, b) => b - a),
    );
  });

  test('a cause that began clearly after its effects is less likely', () => {
    const early = [seen('db/1', 'health-timeout', { began: at - 20_000 })];
    const late = [seen('db/1', 'health-timeout', { began: at })];
    const api = seen('api/1', 'health-timeout', { began: at - 15_000 });
    const of = (symptoms: readonly SeenSymptom[]) =>
      probability(input([...symptoms, api], [facts('db/1'), facts('api/1')]), 'db/1');
    assert.ok(of(early) > of(late));
  });

  test('a recent start makes a wrong configuration likelier', () => {
    const of = (startedAt: number) =>
      locate(
        input([seen('api/1', 'unready')], [facts('api/1', { startedAt, checked: false })]),
      ).causes.find((one) => one.fault === 'configuration')?.probability ?? 0;
    assert.ok(of(at - 5000) > of(at - 100_000));
  });

  test('with other ready instances a fault of one of them reaches dependants less', () => {
    const of = (othersReady: number) =>
      probability(
        input([seen('api/1', 'health-failed')], [facts('api/1'), facts('db/1', { othersReady })]),
        'db/1',
      );
    assert.ok(of(0) > of(1));
    assert.ok(of(1) > of(3));
  });

  test("the user's word on what a symptom means counts", () => {
    const cpu = seen('api/1', 'cpu');
    const said = { ...cpu, symptom: { ...cpu.symptom, faults: ['hang' as const] } };
    assert.equal(best(input([said], [facts('api/1')])), 'api/1 hang');
  });

  test('a fault explains symptoms of what depends on it, never of what it depends on', () => {
    const given = input([], [facts('api/1'), facts('db/1')]);
    const db = { component: 'db/1', kind: 'crash' as const };
    const api = { component: 'api/1', kind: 'crash' as const };
    assert.equal(explains(given, db, seen('api/1', 'health-failed')), true);
    assert.equal(explains(given, db, seen('api/1', 'exit', { killed: true })), false);
    assert.equal(explains(given, api, seen('db/1', 'health-failed')), false);
  });
});

function probability(given: LocateInput, component: string): number {
  return locate(given)
    .causes.filter((one) => one.component === component)
    .reduce((sum, one) => sum + one.probability, 0);
}

const anySymptom = fc
  .tuple(
    fc.constantFrom('web/1', 'api/1', 'api/2', 'db/1'),
    fc.constantFrom(...symptomKinds),
    fc.boolean(),
    fc.integer({ min: at - 60_000, max: at }),
  )
  .map(([component, kind, killed, began]) => seen(component, kind, { killed, began }));

const anyFacts = fc.record({
  running: fc.boolean(),
  checked: fc.boolean(),
  othersReady: fc.integer({ min: 0, max: 3 }),
  startedAt: fc.option(fc.integer({ min: at - 100_000, max: at })),
  confirmed: fc.option(fc.record({ healthy: fc.boolean(), evidence: fc.constant('x') })),
});

const anyInput = fc
  .tuple(
    fc.uniqueArray(anySymptom, { selector: (one) => one.symptom.id, maxLength: 8 }),
    fc.tuple(anyFacts, anyFacts, anyFacts, anyFacts),
  )
  .map(([symptoms, [web, api, other, db]]) =>
    input(symptoms, [
      facts('web/1', web),
      facts('api/1', api),
      facts('api/2', other),
      facts('db/1', db),
    ]),
  );

const service = fc.constantFrom('web', 'api', 'db');
const fault = fc.constantFrom(...faultKinds);
const anyLesson: fc.Arbitrary<Lesson> = fc.oneof(
  fc.record({
    kind: fc.constant('detection' as const),
    service,
    detector: fc.constantFrom('health', 'exit', 'memory'),
    fault,
    symptom: fc.option(fc.constantFrom(...symptomKinds)),
  }),
  fc.record({ kind: fc.constant('fault' as const), service, fault }),
  fc.record({
    kind: fc.constant('false-alarm' as const),
    service,
    detector: fc.constantFrom('health', 'cpu'),
  }),
  fc.record({ kind: fc.constant('watched' as const), service, ms: fc.integer({ min: 1 }) }),
  fc.record({
    kind: fc.constant('passed-on' as const),
    service,
    dependency: service,
    shown: fc.boolean(),
  }),
);

describe('whatever is seen', () => {
  test('probabilities are in order, each at most 1', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const found = locate(given).causes.map((one) => one.probability);
        assert.ok(found.every((one) => one >= 0 && one <= 1 + 1e-9));
        assert.deepEqual(
          found,
          [...found].sort((a, b) => b - a),
        );
      }),
    );
  });

  test('the order of the input does not matter', () => {
    fc.assert(
      fc.property(anyInput, fc.integer({ min: 1, max: 7 }), (given, turns) => {
        const turned = { ...given, symptoms: rotate(given.symptoms, turns) };
        const both = { ...turned, components: rotate(given.components, turns) };
        assert.deepEqual(locate(both), locate(given));
      }),
    );
  });

  test('what is learned between two looks counts at the next', () => {
    const lessons = fc.array(anyLesson, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(anyInput, anyKnowledge(['web', 'api']), lessons, (given, knowledge, learned) => {
        for (const lesson of learned) {
          locate({ ...given, knowledge });
          learn(knowledge, lesson);
          const afresh = { ...given, knowledge: structuredClone(knowledge) };
          assert.deepEqual(locate({ ...given, knowledge }), locate(afresh));
        }
      }),
    );
  });

  test('what is forgotten between two looks counts no more at the next', () => {
    const knowledge = noKnowledge();
    const given = { ...input([seen('api/1', 'health-timeout')], [facts('api/1')]), knowledge };
    const shown = { detector: 'health', fault: 'slow', symptom: 'health-timeout' } as const;
    for (let times = 0; times < 10; times += 1)
      learn(knowledge, { kind: 'detection', service: 'api', ...shown });
    const before = locate(given);
    for (let number = 0; number < 60; number += 1)
      learn(knowledge, { kind: 'false-alarm', service: 'api', detector: `other-${number}` });
    assert.deepEqual(locate(given), locate({ ...given, knowledge: structuredClone(knowledge) }));
    assert.notDeepEqual(locate(given), before);
  });

  test('a symptom that a fault shows better than any other raises its probability', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const without = { ...given, symptoms: given.symptoms.filter((s) => !isMemory(s)) };
        const more = { ...without, symptoms: [...without.symptoms, seen('db/1', 'memory')] };
        assert.ok(leakAt(more) >= leakAt(without) - 1e-9);
      }),
    );
  });
});

function isMemory({ symptom }: SeenSymptom): boolean {
  return symptom.kind === 'memory' && symptom.component === 'db/1';
}

function leakAt(given: LocateInput): number {
  const found = locate(given).causes.find((c) => c.component === 'db/1' && c.fault === 'leak');
  return found?.probability ?? 0;
}

function rotate<T>(list: readonly T[], turns: number): T[] {
  const middle = list.length === 0 ? 0 : turns % list.length;
  return [...list.slice(middle), ...list.slice(0, middle)];
}

test('the tables hold probabilities, and every symptom has a fault that shows it', () => {
  const shown = new Set<string>();
  for (const kind of faultKinds) {
    for (const table of [showOwn[kind], showDependant[kind]]) {
      for (const [symptom, chance] of Object.entries(table)) {
        assert.ok(chance > 0 && chance < 1, `${kind} ${symptom}`);
        shown.add(symptom);
      }
    }
  }
  assert.deepEqual(
    symptomKinds.filter((kind) => !shown.has(kind)),
    [],
  );
});
