/** The stack file names fewer replicas, and one that goes is primary. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenario } from './scenario.fixture.ts';
import { database, stack } from './stack.fixture.ts';

const of = (replicas: number) => stack([database('db', { replicas })]);
const threeWithThird = () => {
  const s = scenario(of(3)).up();
  return s.ask({ kind: 'switchover', service: 'db', to: 'db/3', limitMs: 100 }).passes(20_000);
};

test('its role goes to one that stays, then it is gone', () => {
  const s = threeWithThird();
  assert.equal(s.group('db'), '2 db/3 [db/2 db/1] serving');
  s.forget()
    .tell({ kind: 'configured', spec: of(2) })
    .passes(20_000);
  assert.deepEqual(s.steps(), [
    'quiesce',
    'fence db/3 2',
    'survey db/1 db/2 2',
    'promote db/1 3',
    'follow db/2 3',
  ]);
  assert.equal(s.group('db'), '3 db/1 [db/2] serving');
  assert.deepEqual(Object.keys(s.state.instances), ['db/1', 'db/2']);
  assert.deepEqual(s.state.services['db']?.queue, []);
  assert.deepEqual(s.incidents(), []);
});

test('the same when the controller was away meanwhile, and died over it', () => {
  for (const records of [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25]) {
    const s = threeWithThird().controllerDies().controllerReturns(of(2)).diesAfter(records);
    s.passes(2_000).controllerReturns().passes(120_000);
    const { epoch, primary } = s.groupState('db');
    assert.ok(epoch >= 3 && primary !== 'db/3', `${records}: ${s.group('db')}`);
    assert.deepEqual(Object.keys(s.state.instances), ['db/1', 'db/2']);
    assert.match(s.group('db'), /serving$/);
  }
});

test('it is left alone while nobody may take over, and busy connections are waited for', () => {
  const s = threeWithThird();
  for (const one of ['db/1', 'db/2'] as const) s.roles.fails('admit', one, 'it is behind');
  s.exits('db/1', 'SIGKILL').exits('db/2', 'SIGKILL').passes(5_000);
  s.tell({ kind: 'configured', spec: of(2) }).passes(20_000);
  assert.equal(s.group('db'), '2 db/3 [] serving');
  assert.deepEqual(s.route('db'), ['db/3 serving']);
  s.roles.busy = 2;
  for (const one of ['db/1', 'db/2'] as const) s.roles.fails('admit', one, null);
  s.passes(120_000);
  assert.equal(s.groupState('db').primary, 'db/3');
  s.roles.busy = 0;
  s.passes(120_000);
  assert.equal(s.groupState('db').epoch, 3);
  assert.deepEqual(Object.keys(s.state.instances), ['db/1', 'db/2']);
});

test('one that is dead, or ends meanwhile, hands over too', () => {
  const s = threeWithThird().ask({ kind: 'down' }).passes(5_000);
  s.tell({ kind: 'configured', spec: of(2) }).passes(100);
  assert.equal(s.groupState('db').primary, 'db/3');
  s.ask({ kind: 'up' }).passes(30_000);
  assert.match(s.group('db'), /^3 db\/[12] \[db\/[12]\] serving$/);
  const other = threeWithThird().turns('db/3', 'hangs').shows('db/3', 'health-timeout');
  other.tell({ kind: 'configured', spec: of(2) }).passes(30_000);
  assert.match(other.group('db'), /^3 db\/[12] \[db\/[12]\] serving$/);
});

test('a service that leaves as a whole is stopped', () => {
  const s = threeWithThird();
  s.tell({ kind: 'configured', spec: stack([]) }).passes(30_000);
  assert.deepEqual(s.state.instances, {});
  assert.deepEqual(s.state.services, {});
});
