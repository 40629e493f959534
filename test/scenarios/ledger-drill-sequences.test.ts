/** Random faults, one after the other and one into the other, while writes are counted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ledgerFaults } from '../../src/cli/ledger-sequence.ts';
import { databases, ledger, whole } from './failover-stand.ts';
import { smallDisk } from './small-disk.ts';

const long = process.env['DARUMA_TEST_LONG'] === '1';
/** Each stack goes through several sequences: what one has left behind must not harm the next. */
const stacks = long ? 40 : 1;
const sequences = long ? 5 : 2;
const faults = long ? 6 : 4;
const first = Number(process.env['DARUMA_TEST_SEED'] ?? 1);
/** Each change of primary may leave a file of the log behind, of 16 MiB, on its old timeline: they
 * go only when three more of them were written, and the ledger writes little. */
const diskMegabytes = 192 + 16 * sequences * faults;

describe('random faults lose nothing', () => {
  for (let stack = 0; stack < stacks; stack += 1) {
    const from = first + stack * sequences;
    test(`seeds ${from} to ${from + sequences - 1}`, async (t) => {
      // In each third stack there are two standbys.
      const replicas = stack % 3 === 2 ? 3 : 2;
      const disks = Array.from({ length: replicas }, () => smallDisk(diskMegabytes));
      const little = 'max_wal_size: 64MB, wal_keep_size: 32MB, max_slot_wal_keep_size: 64MB';
      const stand = await databases(t, { replicas, disks, postgres: [`settings: { ${little} }`] });
      for (let seed = from; seed < from + sequences; seed += 1) {
        const options = ['--faults', String(faults), '--seed', String(seed)];
        const { rounds } = await ledger(stand, ledgerFaults.join(','), ...options);
        assert.equal(rounds.length, faults);
        t.diagnostic(`seed ${seed}: ${rounds.map(({ fault }) => fault).join(', ')}`);
        await whole(stand);
      }
    });
  }
});
