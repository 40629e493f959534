import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { anyKnowledge } from '../learn/knowledge.fixture.ts';
import { learn, noKnowledge } from '../learn/lessons.ts';
import type { Cause } from '../model/record.ts';
import type { UserActionSpec } from '../model/stack-spec.ts';
import { type FaultKind, faultKinds } from '../model/symptom.ts';
import type { PlanInput, TargetFacts } from './input.ts';
import { type Decision, plan } from './plan.ts';
import { blame, duration, faultPhrase } from './sentence.ts';

function cause(fault: FaultKind, probability = 0.9, component = 'api/1'): Cause {
  const evidence = [{ symptom: 's', text: 'seen', supports: true, bits: 3 }];
  return { component, fault, probability, evidence };
}

const target: TargetFacts = {
  id: 'api/1',
  isInstance: true,
  condition: 'failing',
  hangs: true,
  startFailed: false,
  startHopeless: false,
  policy: 'always',
  waitsFor: null,
  sparedBy: null,
  kinds: ['health-timeout'],
  declared: false,
  replicas: 2,
  othersReady: 1,
  othersOut: 0,
  othersBusy: 0,
  hasEndpoint: true,
  takenOut: false,
  startMs: 500,
  backOffMs: 0,
  lastLines: [],
  actions: [],
  allow: [],
  failover: null,
  restores: null,
  pointTrouble: null,
};

const budget = { count: 5, windowMs: 600_000, left: 5 };

function input(fault: FaultKind, facts: Partial<TargetFacts>, rest: Partial<PlanInput> = {}) {
  const blamed = cause(fault);
  return {
    cause: blamed,
    causes: [blamed],
    unsure: false,
    target: { ...target, ...facts },
    serviceBudget: budget,
    stackBudget: budget,
    maxUnavailableShare: 0.5,
    failed: [],
    observe: false,
    slowTry: false,
    consent: null,
    storeWritable: true,
    knowledge: noKnowledge(),
    ...rest,
  } satisfies PlanInput;
}

function action(rest: Partial<UserActionSpec>): UserActionSpec {
  return {
    name: 'reindex',
    command: { argv: ['reindex'] },
    mends: ['corruption'],
    costMs: 100,
    destructive: false,
    timeoutMs: 1000,
    ...rest,
  };
}

const serving = { condition: 'serving', hangs: false } as const;
const gone = { condition: 'gone', hangs: false, kinds: ['exit'] } as const;
const spent = { ...budget, left: 0 };

describe('decisions', () => {
  const table: readonly [string, PlanInput, string][] = [
    [
      'a hang is restarted in a hurry',
      input('hang', {}),
      'act restart hurry: restart api/1: it hangs (seen); by default table a restart mends this',
    ],
    [
      'a crash is restarted',
      input('crash', gone),
      'act restart: restart api/1: it crashed (seen); by default table a restart mends this',
    ],
    [
      'a single instance that leaks is restarted, and the outage is told',
      input('leak', { ...serving, kinds: ['memory'], replicas: 1, othersReady: 0 }),
      'act restart: restart api/1: it leaks (seen); by default table a restart mends this; ' +
        'it is the only instance: a short outage',
    ],
    [
      'the last ready of several is not interrupted by choice',
      input('leak', { ...serving, kinds: ['memory'], othersReady: 0, othersOut: 1 }),
      'later wait spared: leave api/1 for now: it leaks (seen); it is the last ready instance',
    ],
    [
      'no more than the share is out at once',
      input('leak', { ...serving, kinds: ['memory'], replicas: 4, othersReady: 1, othersOut: 2 }),
      'later wait spared: leave api/1 for now: it leaks (seen); 2 of 4 instances are out',
    ],
    [
      'the hung one may be restarted even so',
      input('hang', { othersReady: 0, othersOut: 1 }),
      'act restart hurry: restart api/1: it hangs (seen); by default table a restart mends this',
    ],
    [
      'a failing dependency comes first',
      input('error', { waitsFor: 'waits for db: it fails its checks' }),
      'wait wait spared: leave api/1: it waits for db: it fails its checks',
    ],
    [
      'a spent budget needs a person',
      input('crash', { ...gone, lastLines: ['a', 'b'] }, { serviceBudget: spent }),
      'person ask-person spared: api/1 needs a person: it crashed (seen); ' +
        'its budget of 5 actions in 10 min is spent; last lines: a | b',
    ],
    [
      "and so does the stack's",
      input('crash', gone, { stackBudget: spent }),
      'person ask-person spared: api/1 needs a person: it crashed (seen); ' +
        "the stack's budget of 5 actions in 10 min is spent",
    ],
    [
      'the slow try is made all the same',
      input('crash', gone, { serviceBudget: spent, slowTry: true }),
      'act restart spared: try api/1 once more, although a person is needed: it crashed (seen)',
    ],
    [
      'log lines restart nothing',
      input('error', { ...serving, kinds: ['log'] }),
      'tell ask-person spared: look at api/1: it answers wrongly (seen); ' +
        'a log line or an error alone restarts nothing',
    ],
    [
      'a busy processor is told',
      input('overload', { ...serving, kinds: ['cpu'] }),
      'tell ask-person spared: look at api/1: it has more work than it can do (seen); ' +
        'a restart does not mend this',
    ],
    [
      'what still serves on a full disk is not restarted',
      input('disk', { ...serving, kinds: ['disk'] }),
      'person ask-person spared: api/1 needs a person: its disk fails or is full (seen); ' +
        'no action known mends this',
    ],
    [
      'the policy «no» is kept',
      input('crash', { ...gone, policy: 'no' }),
      'person ask-person spared: api/1 needs a person: it crashed (seen); its restart policy is «no»',
    ],
    [
      'in observe mode it is only said',
      input('hang', {}, { observe: true }),
      'would restart hurry: would restart api/1: it hangs (seen); ' +
        'by default table a restart mends this',
    ],
    [
      "the user's action is taken for what it mends",
      input('corruption', { actions: [action({})] }),
      'act run: run «reindex» for api/1: its data is damaged (seen); ' +
        'by its stack file it may mend this',
    ],
    [
      'but not while the store can not write',
      input(
        'corruption',
        { ...serving, kinds: ['signal'], actions: [action({})] },
        {
          storeWritable: false,
          serviceBudget: budget,
          failed: [],
        },
      ),
      'act restart: restart api/1: its data is damaged (seen); ' +
        'by default table a restart mends this',
    ],
    [
      'a start that may succeed is tried again',
      input('configuration', { ...gone, kinds: ['start-failed'], startFailed: true }),
      'act retry: start api/1 again: it can not run as it is set up (seen); ' +
        'by default table another try mends this',
    ],
  ];
  for (const [name, given, expected] of table) {
    test(name, () => {
      const { verdict, kind, hurry, spared, reason } = plan(given);
      const flags = `${hurry ? ' hurry' : ''}${spared ? ' spared' : ''}`;
      assert.equal(`${verdict} ${kind}${flags}: ${reason}`, expected);
    });
  }

  test('a destructive action needs consent or leave', () => {
    const actions = [action({ destructive: true })];
    const held = plan(input('corruption', { actions }));
    assert.notEqual(held.kind, 'run');
    assert.deepEqual(
      held.considered.find((one) => one.kind === 'run')?.why,
      '«reindex» is destructive and needs consent',
    );
    assert.equal(plan(input('corruption', { actions }, { consent: true })).kind, 'run');
    assert.equal(plan(input('corruption', { actions, allow: ['reindex'] })).kind, 'run');
  });

  test('what was not taken is listed with why', () => {
    assert.deepEqual(plan(input('hang', {})).considered, [
      {
        kind: 'ask-person',
        target: 'api/1',
        why: 'what was chosen is expected to help sooner',
      },
      { kind: 'take-out', target: 'api/1', why: 'it already gets no new connections' },
    ]);
  });

  test('the sentence says how many cases it rests on', () => {
    const known = (service: string, yes: number, no: number) => {
      const knowledge = noKnowledge();
      const lesson = { kind: 'outcome', service, remedy: 'restart', fault: 'hang' } as const;
      for (let n = 0; n < yes + no; n += 1)
        learn(knowledge, { ...lesson, mended: n < yes, instead: false });
      for (const ms of [2090, 2130])
        learn(knowledge, { kind: 'duration', service, remedy: 'restart', ms });
      return plan(input('hang', {}, { knowledge })).reason.replace(/^.*; /, '');
    };
    assert.equal(known('api', 7, 0), 'restart mended 7 of 7 such faults, 2.1 s expected');
    assert.equal(known('api', 0, 1), 'restart mended 0 of 1 such fault, 2.1 s expected');
    assert.equal(known('db', 2, 1), 'restart mended 2 of 3 such faults elsewhere in the stack');
  });

  test('what never helped is tried after what did', () => {
    const knowledge = noKnowledge();
    const lesson = {
      kind: 'outcome',
      service: 'api',
      fault: 'corruption',
      instead: false,
    } as const;
    const actions = [action({ costMs: 1000 })];
    assert.equal(plan(input('corruption', { actions }, { knowledge })).kind, 'run');
    for (let n = 0; n < 30; n += 1) {
      learn(knowledge, { ...lesson, remedy: 'run reindex', mended: false });
      learn(knowledge, { ...lesson, remedy: 'restart', mended: true });
    }
    assert.equal(plan(input('corruption', { actions }, { knowledge })).kind, 'restart');
  });

  test('whatever the facts, a budget that is spent is not exceeded', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...faultKinds),
        fc.constantFrom('gone', 'failing', 'serving'),
        fc.boolean(),
        (fault, condition, declared) => {
          const decision = plan(input(fault, { condition, declared }, { serviceBudget: spent }));
          assert.notEqual(decision.verdict, 'act');
        },
      ),
    );
  });
});

/** What guards promise, whatever the facts are. */
const guarded: readonly [string, PlanInput, (decision: Decision) => boolean][] = [
  [
    'a spent budget is not exceeded',
    input('hang', {}, { serviceBudget: spent }),
    ({ verdict }) => verdict !== 'act',
  ],
  [
    "nor the stack's",
    input('hang', {}, { stackBudget: spent }),
    ({ verdict }) => verdict !== 'act',
  ],
  [
    'the last ready instance is not interrupted',
    input('leak', { ...serving, kinds: ['memory'], othersReady: 0, othersOut: 1 }),
    ({ verdict }) => verdict !== 'act',
  ],
  [
    'no more than the share is out',
    input('leak', { ...serving, kinds: ['memory'], replicas: 4, othersReady: 1, othersOut: 2 }),
    ({ verdict }) => verdict !== 'act',
  ],
  [
    'nothing destructive without consent',
    input('corruption', { actions: [action({ destructive: true })] }),
    ({ kind }) => kind !== 'run',
  ],
  [
    'a failing dependency first',
    input('error', { waitsFor: 'waits for db: it failed' }),
    ({ verdict }) => verdict === 'wait',
  ],
  [
    'log lines cause nothing',
    input('error', { ...serving, kinds: ['log'] }),
    ({ verdict }) => verdict === 'tell',
  ],
  [
    'a busy processor causes nothing',
    input('overload', { ...serving, kinds: ['cpu'] }),
    ({ verdict }) => verdict !== 'act',
  ],
  [
    'nothing is done in observe mode',
    input('hang', {}, { observe: true }),
    ({ verdict }) => verdict === 'would',
  ],
  [
    'the policy «no» is kept',
    input('crash', { ...gone, policy: 'no' }),
    ({ verdict }) => verdict === 'person',
  ],
  [
    'what is gone is started before a person is asked',
    input('crash', gone),
    ({ verdict, kind }) => verdict === 'act' && kind === 'restart',
  ],
];

describe('what is learned switches no guard off', () => {
  for (const [name, given, holds] of guarded) {
    test(name, () => {
      fc.assert(
        fc.property(anyKnowledge(['api', 'db']), (knowledge) => {
          assert.ok(holds(plan({ ...given, knowledge })));
        }),
        { numRuns: 60 },
      );
    });
  }
});

describe('sentences', () => {
  test('name both when not sure', () => {
    const causes = [cause('hang', 0.4), cause('slow', 0.3, 'db/1')];
    const [first] = causes;
    assert.ok(first);
    assert.equal(blame(first, causes, true), 'not sure: it hangs or db/1 is slow (seen)');
  });

  test('put every fault with a subject', () => {
    assert.deepEqual(
      faultKinds.map((fault) => faultPhrase(fault, 'db/1')),
      [
        'db/1 crashed',
        'db/1 hangs',
        'db/1 is slow',
        'db/1 has more work than it can do',
        'db/1 leaks',
        'db/1: its disk fails or is full',
        'db/1 answers wrongly',
        'db/1: its version is bad',
        'db/1: its data is damaged',
        'db/1 can not be reached',
        'db/1 can not run as it is set up',
      ],
    );
  });

  test('durations as people say them', () => {
    assert.deepEqual([250, 2100, 600_000, 7_200_000].map(duration), [
      '250 ms',
      '2.1 s',
      '10 min',
      '2 h',
    ]);
  });
});
