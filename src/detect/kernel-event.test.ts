import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKernelRecord } from './kernel-event.ts';

const told: readonly (readonly [string, string])[] = [
  [
    'Out of memory: Killed process 4711 (node) total-vm:9kB, anon-rss:5kB',
    'oom 4711 of the machine',
  ],
  ['Memory cgroup out of memory: Killed process 12 (a b) c) total-vm:1kB', 'oom 12 of a cgroup'],
  ['blk_update_request: I/O error, dev sda, sector 2048 op 0x0:(READ)', 'io-error'],
  ['critical medium error, dev nvme0n1, sector 5', 'io-error'],
  ['Buffer I/O error on dev dm-0, logical block 1, async page read', 'io-error'],
  ['EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm ls', 'io-error'],
  ['EXT4-fs (sda1): Remounting filesystem read-only', 'read-only'],
  ['EXT4-fs (sda1): re-mounted 6f3a r/w. Quota mode: none.', 'writable'],
  ['eth0: link up', 'nothing'],
];

test('records of the kernel', async (t) => {
  for (const [text, expected] of told) {
    await t.test(text, () => {
      const event = parseKernelRecord(`3,1234,5678901,-;${text}\n SUBSYSTEM=block\n`);
      const whose = event?.kind === 'oom' && event.whole ? 'the machine' : 'a cgroup';
      const killed = event?.kind === 'oom' ? ` ${event.pid} of ${whose}` : '';
      assert.equal(`${event?.kind ?? 'nothing'}${killed}`, expected);
    });
  }
});

test('what a program wrote into the log is not believed', () => {
  assert.equal(parseKernelRecord('12,1,1,-;Out of memory: Killed process 1 (init)'), null);
  assert.equal(parseKernelRecord('no record at all'), null);
});
