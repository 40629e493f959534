import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scenario } from './scenario.fixture.ts';
import { service, stack } from './stack.fixture.ts';

/** The API loses its database, and exits; `afterMs`: how long after the database was killed. */
function shopWithout(afterMs: number) {
  const shop = stack([service('api', { needs: ['db'], replicas: 2 }), service('db')]);
  const s = scenario(shop).up().forget().exits('db/1', 'SIGKILL').passes(afterMs);
  return s.exits('api/1', 1).passes(30).exits('api/2', 1).passes(3_000);
}

describe('instances that exit because their database was killed', () => {
  for (const [when, afterMs] of [
    ['while it is away', 10],
    ['when it has just come back', 300],
    ['some seconds later', 4_000],
  ] as const) {
    test(`${when}: it stays the one that is blamed`, () => {
      const s = shopWithout(afterMs);
      const [{ component, fault } = { component: '', fault: '' }] = s.incident().causes;
      assert.deepEqual([s.incidents().length, component, fault], [1, 'db/1', 'crash']);
      const begun = s.records.flatMap((one) => (one.kind === 'action-begun' ? [one.spared] : []));
      assert.deepEqual(begun.slice(0, 1), [false]);
      assert.ok(begun.slice(1).every((spared) => spared));
      assert.deepEqual([s.phase('api/1'), s.phase('api/2')], ['ready', 'ready']);
    });
  }
});

test('who needs a database that is back gets the time that its own checks need to see it', () => {
  const check = service('x').healthcheck;
  const slow = check === null ? null : { ...check, intervalMs: 1_000, timeoutMs: 8_000 };
  const api = service('api', { needs: ['db'], healthcheck: slow });
  const s = scenario(stack([api, service('db')]))
    .up()
    .forget()
    .exits('db/1', 'SIGKILL');
  s.shows('api/1', 'health-timeout').passes(200).forget();
  assert.equal(s.phase('db/1'), 'ready');
  s.passes(13_500);
  assert.deepEqual(s.stopped(), [], 'a check that began since may not have answered yet');
  s.passes(1_000);
  assert.deepEqual(s.stopped(), ['api/1'], 'it did not follow');
});

test('so does who was told to wait for it', () => {
  const check = service('x').healthcheck;
  const slow = check === null ? null : { ...check, intervalMs: 1_000, timeoutMs: 8_000 };
  const api = service('api', { needs: ['db'], healthcheck: slow });
  const s = scenario(stack([api, service('db')]))
    .up()
    .shows('db/1', 'health-refused')
    .passes(40);
  s.shows('api/1', 'health-timeout').passes(300).forget();
  assert.match(s.sentences().at(-1) ?? '', /^leave api\/1: it waits for db/);
  assert.equal(s.phase('db/1'), 'ready');
  s.passes(13_400);
  assert.deepEqual(s.stopped(), []);
  s.passes(1_000);
  assert.deepEqual(s.stopped(), ['api/1']);
});
