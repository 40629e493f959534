import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostgresPointFacts } from '../../../model/recovery-point.ts';
import { beginOf, logKey, nameOfSegment, readLogKey, readSegmentName } from './log-names.ts';
import { filesOf, momentBefore, reachOf, timelineFor, unneededLog } from './reach.ts';

const facts: PostgresPointFacts = {
  ...{ version: 18, systemId: '77', timeline: 1 },
  ...{ startLsn: '0/3000028', stopLsn: '0/3000158' },
};
const point = { at: 1_000, postgres: facts };
const mib16 = 16 * 1024 * 1024;
const digest = '0123456789abcdef';

function segment(timeline: number, number: number, writtenAt = number * 1_000): string {
  const name = nameOfSegment({ timeline, number: BigInt(number) }, mib16);
  return logKey('db', { systemId: '77', name, writtenAt, digest, began: null });
}

function history(timeline: number, parent: number, position: bigint, writtenAt: number): string {
  const name = `0000000${timeline}.history`;
  return logKey('db', { systemId: '77', name, writtenAt, digest, began: { parent, position } });
}

test('names and keys are read as they were written', () => {
  assert.equal(nameOfSegment({ timeline: 2, number: 258n }, mib16), '000000020000000100000002');
  assert.deepEqual(readSegmentName('000000020000000100000002', mib16), {
    timeline: 2,
    number: 258n,
  });
  assert.equal(readSegmentName('00000002.history', mib16), null);
  for (const key of [segment(1, 4), history(2, 1, 0x5000_0000n, 9)]) {
    const file = readLogKey(key);
    assert.ok(file);
    assert.equal(logKey('db', file), key);
  }
  assert.equal(readLogKey('db/wal/77/whatever'), null);
  assert.deepEqual(beginOf('1\t0/3000000\tno recovery target specified\n\n2\t1/A0\tbefore x\n'), {
    parent: 2,
    position: 0x1_0000_00a0n,
  });
});

const cases: {
  name: string;
  keys: string[];
  until: number;
  gaps?: string[];
  standby?: true;
}[] = [
  { name: 'no log: the point alone', keys: [], until: 1_000 },
  { name: 'log of another cluster', keys: ['db/wal/78/x'], until: 1_000 },
  { name: 'segments in a row', keys: [segment(1, 4), segment(1, 5)], until: 5_000 },
  {
    name: 'one is missing',
    keys: [segment(1, 4), segment(1, 6), segment(1, 8)],
    until: 4_000,
    gaps: ['000000010000000000000005', '000000010000000000000007'],
  },
  {
    name: 'several are missing',
    keys: [segment(1, 4), segment(1, 8)],
    until: 4_000,
    gaps: ['000000010000000000000005 to 000000010000000000000007'],
  },
  {
    name: 'a copy of a standby needs its last one',
    keys: [segment(1, 4)],
    until: 1_000,
    gaps: ['000000010000000000000003'],
    standby: true,
  },
  { name: 'which is there', keys: [segment(1, 3), segment(1, 4)], until: 4_000, standby: true },
  {
    name: 'over a fail-over',
    keys: [segment(1, 4), history(2, 1, 0x500_0100n, 4_500), segment(2, 5), segment(2, 6)],
    until: 6_000,
  },
  {
    name: 'what the old primary wrote on is not on the way',
    keys: [segment(1, 4), segment(1, 5), history(2, 1, 0x500_0100n, 4_500), segment(2, 6)],
    until: 4_000,
    gaps: ['000000020000000000000005'],
  },
];

for (const { name, keys, until, gaps = [], standby } of cases) {
  test(`reach: ${name}`, () => {
    const postgres = standby === true ? { ...facts, standby } : facts;
    assert.deepEqual(reachOf({ at: 1_000, postgres }, keys), { until, gaps });
  });
}

test('a place in the log is later than all segments before its own', () => {
  const keys = [segment(1, 3), segment(1, 4), segment(1, 5), segment(1, 6)];
  const moments = ['0/3000158', '0/4000000', '0/5000028', '0/6FFFFFF', '1/0'];
  const found = moments.map((lsn) => momentBefore(point, keys, lsn));
  assert.deepEqual(found, [1_000, 1_000, 4_000, 5_000, 6_000]);
});

test('a restore ends on the timeline that there was at that moment', () => {
  const keys = [
    history(2, 1, 0x500_0000n, 5_000),
    history(3, 1, 0x400_0000n, 7_000),
    // It parted before the copy was complete.
    history(4, 1, 0x300_0000n, 8_000),
  ];
  const files = filesOf(facts, keys);
  const at = (ms: number) => timelineFor(facts, files, { kind: 'time', at: ms, before: false });
  assert.deepEqual([4_999, 5_000, 6_999, 7_000, 9_000].map(at), [1, 2, 2, 3, 3]);
  assert.equal(timelineFor(facts, files, { kind: 'latest' }), 3);
  assert.equal(timelineFor(facts, files, { kind: 'point', point: 'x' }), 1);
});

test('only log before all points that are kept is not needed, and that of other clusters', () => {
  const later = { ...facts, startLsn: '0/6000028', stopLsn: '0/6000158' };
  const foreign = segment(1, 9).replace('/77/', '/78/');
  const partial = segment(1, 2).replace('02-', '02.partial-');
  const keys = [
    ...[segment(1, 2), partial, segment(1, 3), segment(1, 5), segment(2, 6)],
    ...[history(2, 1, 1n, 1), foreign, 'db/wal/77/?'],
  ];
  assert.deepEqual(unneededLog([], keys), []);
  assert.deepEqual(unneededLog([facts, later], keys), [segment(1, 2), partial, foreign]);
  assert.deepEqual(unneededLog([later], keys), [...keys.slice(0, 4), foreign]);
  assert.equal(reachOf(point, keys).until, 1_000);
});
