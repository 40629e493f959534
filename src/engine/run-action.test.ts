import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserActionSpec } from '../model/stack-spec.ts';
import { Scenario } from './scenario.fixture.ts';
import { service, stack } from './stack.fixture.ts';

const restore: UserActionSpec = {
  name: 'restore',
  command: { argv: ['restore'] },
  mends: ['crash', 'error'],
  costMs: 1_000,
  destructive: false,
  timeoutMs: 5_000,
};

test('what restarts do not mend gets the user’s command, and is started after it', () => {
  const spec = stack([service('api', { actions: [restore] })]);
  const s = new Scenario(spec).up().turns('api/1', 'dies').exits('api/1', 1);
  while (s.sent('run').length === 0) s.passes(10);
  s.mended('api/1').passes(60_000);
  assert.ok(s.isRunning('api/1'));
  const kinds = s.incident().actions.map(({ kind, outcome }) => `${kind} ${outcome}`);
  assert.equal(kinds.at(-1), 'run verified');
  assert.equal(s.incident().state, 'resolved');
});

test('it gets its turn although another fault is believed, once restarts have failed', () => {
  const unlikely = { ...restore, mends: ['corruption' as const] };
  const s = new Scenario(stack([service('api', { actions: [unlikely] })])).up();
  s.turns('api/1', 'dies').exits('api/1', 1).passes(60_000);
  const kinds = s.incident().actions.map(({ kind }) => kind);
  assert.equal(kinds[0], 'restart');
  assert.ok(kinds.includes('run'), kinds.join(', '));
});
