import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { processorTime } from './processor-time.ts';
import { childrenOf, Starvation, withheld } from './starvation.ts';

test('processes that wait for a processor are told of, from the second look on', async () => {
  // More than there are processors for.
  const many = 3 * availableParallelism();
  const busy = `for i in $(seq ${many}); do (while :; do :; done) & done; wait`;
  const parent = spawn('sh', ['-c', busy], { stdio: 'ignore', detached: true });
  try {
    const starvation = new Starvation(() => childrenOf(parent.pid ?? 0));
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
  const starvation = new Starvation(() => [2 ** 22 + 1]);
  assert.equal(starvation.look(1_000), false);
});

/** Of the first line of `/proc/stat`, in ticks of 10 ms. */
const at = (used: number, steal: number) =>
  processorTime(`cpu  ${used} 0 0 1000 50 0 0 ${steal} 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n`);

for (const [what, used, steal, expected] of [
  ['much is kept from', 10, 90, true],
  ['as much is kept from as it gets', 60, 60, true],
  ['less is kept from than it gets', 100, 60, false],
  ['next to nothing is kept from', 0, 40, false],
] as const) {
  test(`a machine that ${what} is ${expected ? '' : 'not '}starved`, () => {
    assert.equal(withheld(at(500, 700), at(500 + used, 700 + steal), 1_000), expected);
  });
}

test('a kernel that does not count what is stolen tells nothing', () => {
  assert.equal(processorTime('cpu 1 2 3 4\n'), null);
  assert.equal(processorTime(null), null);
  assert.equal(withheld(null, at(1, 2), 1_000), false);
});
