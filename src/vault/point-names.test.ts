import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { archiveName, isOlderThanADay, newPointId, pointFile } from './point-names.ts';

const at = Date.UTC(2026, 10, 21, 10, 15, 0, 123);

describe('names of points', () => {
  test('they tell when', () => {
    assert.equal(newPointId(at, 0), '20261121T101500.123Z-0000');
    assert.equal(newPointId(at, 0.9999999), '20261121T101500.123Z-zzzz');
  });

  test('they sort by time', () => {
    assert.ok(newPointId(at, 0.9) < newPointId(at + 1, 0));
    assert.ok(isOlderThanADay(newPointId(at, 0.5), at + 25 * 3_600_000));
    assert.ok(!isOlderThanADay(newPointId(at, 0.5), at + 23 * 3_600_000));
  });

  const id = newPointId(at, 0.5);
  const files: readonly [string, string | undefined][] = [
    [`db/${id}.json`, 'summary'],
    [`db/${archiveName(id, true)}`, 'archive'],
    [`db/${archiveName(id, false)}`, 'archive'],
    [`db/${archiveName(id, true, 2)}`, 'archive'],
    [`db/${id}.txt`, undefined],
    [`db/wal/${id}.json`, undefined],
    [`other/${id}.json`, undefined],
    ['db/000000010000000000000001', undefined],
  ];
  for (const [key, part] of files) {
    test(key, () => assert.equal(pointFile('db', key)?.part, part));
  }
});
