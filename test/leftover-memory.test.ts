import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atEnd } from './at-end.ts';
import { PostgresGroup } from './drivers/postgres-group.ts';
import { removeSegments, segments } from './leftover-memory.ts';

test('memory of a PostgreSQL that was killed is removed, and none that one uses', async (t) => {
  const group = await PostgresGroup.make(1);
  atEnd(t, () => group.remove());
  await group.start('db/1', { epoch: 1, primary: 'db/1', eligible: [] });
  const { pid } = group.process('db/1');
  const ofServer = () => segments().filter(({ creatorPid }) => creatorPid === pid).length;
  assert.equal(ofServer(), 1);
  await removeSegments();
  assert.equal(ofServer(), 1, 'it is in use');
  await group.end('db/1');
  await removeSegments();
  assert.equal(ofServer(), 0);
});
