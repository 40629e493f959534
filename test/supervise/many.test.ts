import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstanceId } from '../../src/model/ids.ts';
import { lives, scene, spec } from './scene.ts';

test('two hundred starts at once leave the event loop its turns', async (t) => {
  const { processes } = scene(t);
  const ids = Array.from({ length: 200 }, (_, index): InstanceId => `many/${index + 1}`);
  const launches = ids.map((instance) => spec(['sleep', '1000'], { instance }));
  let turns = 0;
  let counting = true;
  const count = () => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const prepared = await Promise.all(launches.map((launch) => processes.prepare(launch)));
  counting = false;
  // A process is made for each, in a turn of its own.
  assert.ok(turns >= ids.length, `${turns} turns`);
  const running = await Promise.all(prepared.map((each) => each.go()));
  assert.equal(running.map(({ pid }) => pid).filter(lives).length, ids.length);
  await Promise.all(ids.map((id) => processes.stop(id, { signal: 'SIGTERM', graceMs: 60_000 })));
  assert.deepEqual(running.map(({ pid }) => pid).filter(lives), []);
});
