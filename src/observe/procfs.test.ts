import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livingStat, pageBytes, parseStat, readProc, ticksPerSecond } from './procfs.ts';

test('a process name may hold anything', () => {
  const numbers = Array.from({ length: 48 }, (_, at) => at);
  const parsed = (text: string) => parseStat(Buffer.from(`${text} 1 2) `), text.length);
  const stat = parsed(`42 (a) T (b c) S ${numbers.join(' ')}\n`);
  // Counted from the state as 0: utime and stime are 11 and 12, threads 17, resident pages 21.
  assert.deepEqual(stat, { state: 'S', cpuTicks: 10 + 11, threads: 16, residentPages: 20 });
  assert.equal(parsed('nonsense'), null);
});

test('our own process', () => {
  const stat = livingStat(process.pid);
  assert.ok(stat !== null && stat.threads > 1);
  const bytes = stat.residentPages * pageBytes();
  assert.ok(bytes > 10e6 && bytes < 10e9, `${bytes} bytes`);
  assert.ok([100, 250, 300, 1_000].includes(ticksPerSecond()));
});

test('what is gone or unreadable is null', () => {
  assert.equal(readProc('/proc/0/stat'), null);
  assert.equal(livingStat(2 ** 22 + 1), null);
});
