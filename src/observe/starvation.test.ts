import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Starvation } from './starvation.ts';

test('processes that wait for a processor are told of, from the second look on', async () => {
  // More than there are processors for.
  const many = 3 * availableParallelism();
  const busy = `for i in $(seq ${many}); do (while :; do :; done) & done; wait`;
  const parent = spawn('sh', ['-c', busy], { stdio: 'ignore', detached: true });
  try {
    const starvation = new Starvation(parent.pid ?? 0);
    assert.equal(starvation.look(performance.now()), false);
    const end = performance.now() + 60_000;
    let isStarved = false;
    while (!isStarved && performance.now() < end) {
      await pause(50);
      isStarved = starvation.look(performance.now());
    }
    assert.ok(isStarved);
  } finally {
    process.kill(-(parent.pid ?? 0), 'SIGKILL');
  }
});

test('of a process that is not there nothing is told', () => {
  const starvation = new Starvation(2 ** 22 + 1);
  assert.equal(starvation.look(1_000), false);
});
