import assert from 'node:assert/strict';
import { test } from 'node:test';
import { service, stack } from '../engine/stack.fixture.ts';
import { playOf } from './rehearsal.ts';

test('in a play each exit is restarted and comes to its end, whatever the budget', () => {
  const spec = stack([service('out', { driver: 'external' }), service('api', { needs: ['db'] })]);
  const play = playOf(spec);
  for (let count = 0; count < 20; count += 1) {
    play?.exit();
    assert.deepEqual(play?.state.open, []);
    assert.equal(play?.state.instances['api/1']?.phase, 'ready');
  }
});

test('what others run is not played', () => {
  assert.equal(playOf(stack([service('out', { driver: 'external' })])), null);
});
