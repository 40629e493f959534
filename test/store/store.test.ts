import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { ErrorReport } from '../../src/model/error-record.ts';
import { openStore } from '../../src/store/store.ts';
import { atEnd } from '../at-end.ts';
import { numbersIn, sizeOf, slept, stateDir } from './state-dir.ts';

const now = 10_000;

const report: ErrorReport = {
  at: 5,
  code: 'E_TEST',
  message: 'it broke',
  origin: { service: 'api', instance: 'api/1', host: 'h' },
  source: 'log',
};

test('records are numbered from 1 in the order of the calls and survive reopening', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file });
  const seqs = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      store.append([slept(2 * index), slept(2 * index + 1)]),
    ),
  );
  assert.deepEqual(
    seqs,
    Array.from({ length: 300 }, (_, index) => 2 * index + 2),
  );
  await store.close();
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  assert.deepEqual(await numbersIn(again), [...Array(600).keys()]);
  assert.equal(await again.append([slept(600)]), 601);
});

test('reading gives pages, and tells what was unrecorded', async (t) => {
  const store = await openStore({ file: join(stateDir(t), 'state.db') });
  atEnd(t, () => store.close());
  await store.append([slept(1), slept(2)]);
  await store.append([slept(3)], { unrecorded: true });
  const page = await store.read(1, 1);
  assert.deepEqual(page, [{ seq: 2, record: slept(2), unrecorded: false }]);
  const rest = await store.read(2, 10);
  assert.deepEqual(rest, [{ seq: 3, record: slept(3), unrecorded: true }]);
  assert.deepEqual(await store.read(3, 10), []);
});

test('files are for their owner only, also one that was open to others before', async (t) => {
  const dir = stateDir(t);
  const file = join(dir, 'deep', 'er', 'state.db');
  const modes = () => ['', '-wal', '-shm'].map((end) => statSync(file + end).mode & 0o777);
  const store = await openStore({ file });
  await store.append([slept(1)]);
  assert.deepEqual(modes(), [0o600, 0o600, 0o600]);
  assert.equal(statSync(join(dir, 'deep')).mode & 0o777, 0o700);
  await store.close();
  chmodSync(file, 0o644);
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  await again.append([slept(2)]);
  assert.deepEqual(modes(), [0o600, 0o600, 0o600]);
});

test('facts are kept and replaced', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file });
  assert.equal(await store.get('boot'), null);
  await store.set('boot', 'a');
  await store.set('boot', 'b');
  await store.close();
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  assert.equal(await again.get('boot'), 'b');
});

test('two snapshots are kept; records beyond the limit go once both have them', async (t) => {
  const store = await openStore({ file: join(stateDir(t), 'state.db'), maxRecords: 10 });
  atEnd(t, () => store.close());
  assert.equal(await store.latestSnapshot(), null);
  await store.append(Array.from({ length: 100 }, (_, index) => slept(index)));
  await store.saveSnapshot({ seq: 40, state: '"first"' });
  assert.equal((await store.read(0, 1))[0]?.seq, 1, 'with one snapshot nothing is dropped');
  await store.saveSnapshot({ seq: 80, state: '"second"' });
  assert.equal((await store.read(0, 1))[0]?.seq, 41);
  await store.saveSnapshot({ seq: 100, state: '"third"' });
  assert.equal((await store.read(0, 1))[0]?.seq, 81);
  await store.saveSnapshot({ seq: 100, state: '"third again"' });
  assert.equal((await store.read(0, 1))[0]?.seq, 81);
  await store.append([slept(101)]);
  await store.saveSnapshot({ seq: 101, state: '"fourth"' });
  assert.equal((await store.read(0, 1))[0]?.seq, 92, 'ten are kept even when both have them');
  assert.deepEqual(await store.latestSnapshot(), { seq: 101, state: '"fourth"' });
});

test('the file stays bounded however much is appended', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file, maxRecords: 500 });
  const text = 'x'.repeat(1000);
  const state = JSON.stringify('s'.repeat(100_000));
  for (let round = 0; round < 60; round += 1) {
    const many = Array.from({ length: 1000 }, () => ({
      at: 0,
      kind: 'store' as const,
      writable: true,
      reason: text,
    }));
    await store.saveSnapshot({ seq: await store.append(many), state });
  }
  const total = sizeOf(file) + sizeOf(`${file}-wal`);
  assert.ok(total < 24 * 2 ** 20, `60 MB appended, ${total} bytes on disk`);
  await store.close();
  assert.ok(sizeOf(file) < 8 * 2 ** 20, `${sizeOf(file)} bytes`);
});

test('error records are saved within a second or so, and on close', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file });
  store.reportErrors([report, { ...report, at: 7 }]);
  assert.equal((await store.errors({ limit: 10, now }))[0]?.count, 2);
  const other = new DatabaseSync(file, { readOnly: true });
  atEnd(t, () => other.close());
  while (other.prepare('SELECT * FROM errors').all().length === 0) await turn();
  store.reportErrors([{ ...report, at: 9 }]);
  await store.close();
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  const [record] = await again.errors({ limit: 10, now });
  assert.deepEqual([record?.count, record?.firstSeen, record?.lastSeen], [3, 5, 9]);
  again.reportErrors([report]);
  assert.equal((await again.errors({ limit: 10, now }))[0]?.count, 4);
});

test('an acknowledgement is durable when it is answered', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file });
  store.reportErrors([report]);
  const id = (await store.errors({ limit: 1, now }))[0]?.id ?? '';
  assert.equal(await store.markError(id, { kind: 'acknowledge' }, 'eve', now), true);
  assert.equal(await store.markError('nonesuch', { kind: 'acknowledge' }, 'eve', now), false);
  const other = await openStore({ file });
  assert.equal((await other.errors({ limit: 1, now }))[0]?.acknowledgedBy, 'eve');
  await other.close();
  await store.close();
});

test('a file of version 1 is read, and written on', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const fixture = new DatabaseSync(file);
  fixture.exec(readFileSync(join(import.meta.dirname, 'fixtures/version-1.sql'), 'utf8'));
  fixture.close();
  const store = await openStore({ file });
  atEnd(t, () => store.close());
  assert.deepEqual(await store.read(0, 10), [
    { seq: 1, record: { at: 1000, kind: 'looking' }, unrecorded: false },
    { seq: 2, record: { at: 1001, kind: 'slept', ms: 7 }, unrecorded: true },
  ]);
  assert.deepEqual(await store.latestSnapshot(), { seq: 1, state: '{"phase":"looking"}' });
  assert.equal(await store.get('boot'), 'b-1');
  const [error] = await store.errors({ limit: 2, now });
  const { acknowledgedBy, count, firstSeen, muted, incidents } = error ?? {};
  const known = { acknowledgedBy: 'eve', count: 3, firstSeen: 900, muted: null, incidents: [] };
  assert.deepEqual({ acknowledgedBy, count, firstSeen, muted, incidents }, known);
  assert.equal(await store.append([slept(1)]), 3);
  store.reportErrors([{ ...report, message: 'it broke 4 times' }]);
  await store.close();
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  const errors = await again.errors({ limit: 2, now });
  assert.deepEqual(
    errors.map(({ id, count }) => [id, count]),
    [[error?.id, 4]],
    'it is the same error, under the id of the new rule, and the old one is gone',
  );
});

test('an error is kept with its latest stack and happenings, over a restart', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file });
  for (let at = 1; at <= 30; at += 1) store.reportErrors([{ ...report, at, release: `1.${at}` }]);
  store.reportErrors([{ ...report, at: 31, stack: 'at the till' }]);
  const id = (await store.errors({ limit: 1, now }))[0]?.id ?? '';
  assert.equal((await store.error(id, now))?.occurrences.length, 20, 'before it is saved');
  await store.markError(id, { kind: 'mute', until: 20_000 }, 'eve', now);
  store.reportErrors([{ ...report, at: 32 }]);
  await store.close();
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  const error = await again.error(id, now);
  assert.equal(error?.stack, 'at the till');
  assert.deepEqual(error?.occurrences.slice(0, 3), [
    { at: 32, message: 'it broke' },
    { at: 31, message: 'it broke' },
    { at: 30, message: 'it broke', release: '1.30' },
  ]);
  assert.equal(error?.occurrences.length, 20);
  assert.equal(error?.trend.hours.at(-1), 32);
  assert.equal(error?.muted?.by, 'eve');
  assert.equal((await again.error(id, 20_000))?.muted, null);
  assert.equal(await again.error('nonesuch', now), null);
});

test('a file of version 2 is read', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const fixture = new DatabaseSync(file);
  fixture.exec(readFileSync(join(import.meta.dirname, 'fixtures/version-2.sql'), 'utf8'));
  fixture.close();
  const store = await openStore({ file });
  atEnd(t, () => store.close());
  const error = await store.error('0123456789', now);
  assert.equal(error?.stack, 'at the till');
  assert.deepEqual([error?.origin.role, error?.muted?.by], ['standby', 'eve']);
  assert.deepEqual(error?.occurrences, [
    { at: 1000, message: 'it broke 3 times', role: 'standby', incident: 'i1' },
  ]);
});

test('a file of a newer version is refused and left as it is', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const newer = new DatabaseSync(file);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  await assert.rejects(openStore({ file }), { code: 'STORE_TOO_NEW', message: /version 99/ });
});

test('a file that is no database is refused and left as it is', async (t) => {
  const file = join(stateDir(t), 'state.db');
  writeFileSync(file, 'not a database, but something of the same name'.repeat(100));
  await assert.rejects(openStore({ file }), { code: 'STORE_FAILED', message: /not a database/ });
  assert.match(readFileSync(file, 'utf8'), /^not a database/);
});

test('after close nothing is taken any more; closing twice is once', async (t) => {
  const store = await openStore({ file: join(stateDir(t), 'state.db') });
  const last = store.append([slept(1)]);
  await Promise.all([store.close(), store.close()]);
  assert.equal(await last, 1);
  await assert.rejects(store.append([slept(2)]), { code: 'STORE_FAILED', message: /closed/ });
});

test('when its thread dies, calls under way fail and the next finds a new one', async (t) => {
  const threads: Worker[] = [];
  subscribe('worker_threads', (message) => threads.push((message as { worker: Worker }).worker));
  const store = await openStore({ file: join(stateDir(t), 'state.db') });
  atEnd(t, () => store.close());
  assert.equal(await store.append([slept(1)]), 1);
  assert.equal(await store.append([slept(2)], { lasts: 'boot' }), 2);
  const underWay = Array.from({ length: 50 }, (_, index) => store.append([slept(index)]));
  const ended = threads[0]?.terminate();
  const results = await Promise.allSettled(underWay);
  await ended;
  const kept = results.filter(({ status }) => status === 'fulfilled').length;
  assert.equal(await store.append([slept(2)], { lasts: 'boot' }), kept + 3);
  assert.equal((await numbersIn(store)).length, kept + 3);
});
