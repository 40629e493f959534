import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { service, stack } from '../../engine/stack.fixture.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import type { FaultKind } from '../../model/symptom.ts';
import { forecast } from './forecast.ts';
import { hazardsOf, type Rates } from './hazards.ts';
import { type StoryResult, tellStory } from './story.ts';
import { storyOf } from './worker.ts';

/** One crash in a thousand hours of an instance, which a restart mends nine times of ten. */
const crashes: Rates = {
  perHour: (_, kind) => (kind === 'crash' ? 0.001 : 0),
  restartMends: () => 0.9,
};

function story(spec: StackSpec, kind: FaultKind, lasting: boolean): Promise<StoryResult> {
  const [first] = spec.services;
  const hazard = { service: first?.name ?? '', kind, lasting, perYear: 1 };
  return tellStory(storyOf({ spec, seed: 7, hazard }));
}

const repair = {
  name: 'repair',
  command: { argv: ['repair'] },
  mends: ['hang'],
  costMs: 1_000,
  destructive: false,
  timeoutMs: 10_000,
} as const;

const single = stack([service('api')]);
const double = stack([service('api', { replicas: 2 })]);

describe('a story', () => {
  test('a crash that a restart mends ends well, after a short outage', async () => {
    const { ending, usersDownMs, stillDown } = await story(single, 'crash', false);
    assert.equal(ending, 'recovered');
    assert.ok(usersDownMs > 0 && usersDownMs < 10_000, String(usersDownMs));
    assert.deepEqual(stillDown, []);
  });

  test('of two instances one goes on', async () => {
    const { ending, usersDownMs } = await story(double, 'crash', false);
    assert.deepEqual([ending, usersDownMs], ['recovered', 0]);
  });

  test('what no restart mends needs a person', async () => {
    const { ending, stillDown } = await story(single, 'crash', true);
    assert.deepEqual([ending, stillDown], ['person', ['api']]);
  });

  test('unless a command of the user mends it', async () => {
    const spec = stack([service('api', { actions: [repair] })]);
    const hazard = { service: 'api', kind: 'hang', lasting: true, perYear: 1 } as const;
    const given = storyOf({ spec, seed: 7, hazard });
    const useless = await tellStory(given);
    const useful = await tellStory({ ...given, mends: (name) => name === repair.name });
    assert.deepEqual([useless.ending, useful.ending], ['person', 'recovered']);
  });

  test('a hang that no check sees is told to nobody', async () => {
    const blind = stack([service('api', { healthcheck: null })]);
    assert.equal((await story(blind, 'hang', false)).ending, 'unnoticed');
  });

  test('a dependency takes down what needs it', async () => {
    const spec = stack([service('db'), service('api', { needs: ['db'] })]);
    const { downMs, usersDownMs } = await story(spec, 'crash', false);
    assert.ok((downMs['db'] ?? 0) > 0);
    assert.ok(usersDownMs >= (downMs['api'] ?? 0));
  });

  test('the same seed tells the same story', async () => {
    assert.deepEqual(await story(double, 'hang', false), await story(double, 'hang', false));
  });
});

test('hazards add up to the rates, and jobs have none', () => {
  const job = {
    service: 'job',
    condition: 'service_completed_successfully',
    required: true,
  } as const;
  const spec = stack([service('job'), service('api', { replicas: 2, dependsOn: [job] })]);
  const hazards = hazardsOf(spec, crashes);
  assert.deepEqual([...new Set(hazards.map((one) => one.service))], ['api']);
  const perYear = hazards.reduce((sum, one) => sum + one.perYear, 0);
  assert.ok(Math.abs(perYear - 2 * 8.766) < 1e-9, String(perYear));
});

test('a forecast finds the weakest service and what would help it', async () => {
  const spec = stack([service('web', { needs: ['api'] }), service('api', { replicas: 2 })]);
  const options = { spec, rates: crashes, seeds: 88 };
  const found = await forecast({ ...options, threads: 2 });
  assert.equal(found.untold, 0);
  assert.deepEqual(found.users, ['web']);
  assert.equal(found.weakest, 'web');
  assert.equal(found.improvements[0]?.text, 'a second replica of web');
  assert.ok(found.availability > 0.99 && found.availability < 1);
  const lasting = found.faults.find((one) => one.fault === 'crash' && one.lasting);
  assert.deepEqual([lasting?.survived, lasting?.needsPerson], [0, 1]);
  assert.deepEqual(await forecast({ ...options, threads: 1 }), found);
});
