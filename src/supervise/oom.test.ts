import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKillOf } from './oom.ts';

const kill =
  '3,1205,62000000,-;Memory cgroup out of memory: Killed process 812 (node) total-vm:1kB';

test('a record of the kernel names the process that it killed', () => {
  assert.equal(isKillOf(kill, { pid: 812, startTicks: 5000 }), true);
  assert.equal(isKillOf(kill, { pid: 81, startTicks: 5000 }), false);
  assert.equal(
    isKillOf('6,1,62000000,-;usb 1-1: new device 812', { pid: 812, startTicks: 0 }),
    false,
  );
});

test('a kill before the process began was of another with its pid', () => {
  assert.equal(isKillOf(kill, { pid: 812, startTicks: 7000 }), false);
});
