import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const giveBack = new URL('./give-back.ts', import.meta.url).href;
const script = `
  const { giveBack } = await import(${JSON.stringify(giveBack)});
  let kept = Array.from({ length: 300_000 }, (_, number) => ({ number }));
  const before = process.memoryUsage().heapTotal;
  kept = null;
  giveBack();
  console.log(process.memoryUsage().heapTotal < before / 2);
`;

test('memory is given back, and V8 knows all that it is told', () => {
  const flags = ['--disable-warning=ExperimentalWarning', '--expose-gc', '--input-type=module'];
  const run = spawnSync(process.execPath, [...flags, '--eval', script], { encoding: 'utf8' });
  assert.deepEqual([run.stdout, run.stderr, run.status], ['true\n', '', 0]);
});
