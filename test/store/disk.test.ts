import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/store.ts';
import { atEnd } from '../at-end.ts';
import {
  canMount,
  killWhileAppending,
  numbersIn,
  slept,
  smallDisk,
  stateDir,
} from './state-dir.ts';

const isRoot = process.getuid?.() === 0;
const mayMount = canMount();
const large = { at: 0, kind: 'store', writable: true, reason: 'x'.repeat(20_000) } as const;

function fill(file: string): void {
  for (const size of [65_536, 4096, 1]) {
    for (;;) {
      try {
        writeFileSync(join(dirname(file), 'filler'), 'x'.repeat(size), { flag: 'a' });
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        break;
      }
    }
  }
}

function free(file: string): void {
  rmSync(join(dirname(file), 'filler'));
}

async function appendUntilFull(store: Store): Promise<number> {
  for (let kept = 0; kept < 10_000; kept += 1) {
    try {
      await store.append([large]);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'STORE_FAILED');
      assert.match((error as Error).message, /full/);
      return kept;
    }
  }
  throw new Error('it never got full');
}

test('full by its own limit: refused, nothing half kept, well again with space', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file, maxPages: 100, maxRecords: 1 });
  atEnd(t, () => store.close());
  const kept = await appendUntilFull(store);
  assert.ok(kept > 1);
  await assert.rejects(store.append(Array.from({ length: 20 }, () => large)), /full/);
  assert.equal((await store.read(0, 1000)).length, kept, 'nothing of what was refused is there');
  await store.saveSnapshot({ seq: kept - 1, state: '1' });
  await store.saveSnapshot({ seq: kept, state: '2' });
  assert.equal(await store.append([large]), kept + 1, 'and no number is left out');
});

test('after a refusal nothing is kept that was asked before it was known', async (t) => {
  const store = await openStore({ file: join(stateDir(t), 'state.db'), maxPages: 60 });
  atEnd(t, () => store.close());
  const calls: Promise<number>[] = [];
  let refused = false;
  while (!refused) {
    const call = store.append([calls.length % 3 === 0 ? large : slept(calls.length)]);
    call.catch(() => {
      refused = true;
    });
    calls.push(call);
    if (calls.length % 5 === 0) await turn();
  }
  const kept = (await Promise.allSettled(calls)).map(({ status }) => status === 'fulfilled');
  const count = kept.indexOf(false);
  assert.ok(kept.slice(count).every((each) => !each));
  assert.equal((await store.read(0, 1000)).length, count);
});

test('full: what ends with the machine is kept beside it, and goes in when it may', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const before = await openStore({ file, maxPages: 100 });
  const kept = await appendUntilFull(before);
  await before.close();
  const store = await openStore({ file, maxPages: 100 });
  for (const count of [1, 2, 3, 4, 5]) {
    assert.equal(await store.append([large], { lasts: 'boot' }), kept + count);
  }
  const last = kept + 5;
  await assert.rejects(store.append([]), /full/);
  await assert.rejects(store.append([large], { lasts: 'boot' }), /full/);
  await assert.rejects(store.saveSnapshot({ seq: last, state: '1' }), /missing/);
  assert.equal((await store.read(0, 1000)).length, last, 'all can be read');
  await store.close();
  const again = await openStore({ file, maxPages: 1000 });
  atEnd(t, () => again.close());
  assert.equal((await again.read(0, 1000)).length, last);
  assert.equal(await again.append([slept(1)]), last + 1);
});

test('error records that could not be saved are saved later', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file, maxPages: 60, maxRecords: 1 });
  const kept = await appendUntilFull(store);
  const origin = { service: null, instance: null, host: 'h' };
  const messages = Array.from({ length: 26 }, (_, index) => String.fromCharCode(0x3b1 + index));
  const reports = messages.map((letter) => {
    const message = letter.repeat(2000);
    return { at: 1, code: 'E', message, origin, source: 'log' as const };
  });
  store.reportErrors(reports);
  const [first] = await store.errors({ limit: 1, now: 1 });
  const acknowledged = store.markError(first?.id ?? '', { kind: 'acknowledge' }, 'eve', 1);
  await assert.rejects(acknowledged, { code: 'STORE_FAILED' });
  await store.saveSnapshot({ seq: kept - 1, state: '1' });
  await store.saveSnapshot({ seq: kept, state: '2' });
  await store.close();
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  assert.equal((await again.errors({ limit: 100, now: 1 })).length, 26);
});

test('full: a file of version 1 is read as it is, and brought up to date later', async (t) => {
  const file = join(stateDir(t), 'state.db');
  const fixture = new DatabaseSync(file);
  fixture.exec(readFileSync(join(import.meta.dirname, 'fixtures/version-1.sql'), 'utf8'));
  const pages = Number(fixture.prepare('PRAGMA page_count').get()?.['page_count']);
  fixture.close();
  const full = await openStore({ file, maxPages: pages });
  assert.equal((await full.read(0, 10)).length, 2);
  const [error] = await full.errors({ limit: 1, now: 1 });
  assert.equal(error?.count, 3);
  assert.deepEqual((await full.error(error?.id ?? '', 1))?.occurrences, []);
  await assert.rejects(full.append([slept(1)]), { code: 'STORE_FAILED' });
  await assert.rejects(full.close(), { code: 'STORE_FAILED' });
  const again = await openStore({ file });
  atEnd(t, () => again.close());
  assert.equal(await again.append([slept(1)]), 3);
});

test('a slow disk holds nobody up', async (t) => {
  process.env['DARUMA_STORE_SYNC_DELAY_MS'] = '300';
  atEnd(t, () => delete process.env['DARUMA_STORE_SYNC_DELAY_MS']);
  const store = await openStore({ file: join(stateDir(t), 'state.db') });
  atEnd(t, () => store.close());
  let durable = 0;
  const calls = Array.from({ length: 500 }, (_, index) =>
    store.append([slept(index)]).then(() => {
      durable += 1;
    }),
  );
  let turns = 0;
  while (durable === 0) {
    turns += 1;
    await turn();
  }
  assert.ok(turns > 20, `${turns} turns of the loop during one commit`);
  await Promise.all(calls);
  assert.equal((await numbersIn(store)).length, 500);
});

test('a slow disk is not waited for by what ends with the machine', async (t) => {
  process.env['DARUMA_STORE_SYNC_DELAY_MS'] = '300';
  atEnd(t, () => delete process.env['DARUMA_STORE_SYNC_DELAY_MS']);
  const file = join(stateDir(t), 'state.db');
  const store = await openStore({ file });
  atEnd(t, () => store.close());
  let durable = false;
  await store.append([slept(1)]);
  const first = store.append([slept(2)], { lasts: 'boot' });
  const barrier = store.append([]).then(() => {
    durable = true;
  });
  assert.equal(await first, 2);
  assert.ok(!durable);
  assert.deepEqual(await numbersIn(store), [1, 2]);
  await barrier;
});

if (!isRoot || mayMount) {
  for (const ended of ['closed', 'killed']) {
    test(`read-only after it was ${ended}: reads, refuses, writes when it may`, async (t) => {
      const { file, lock, unlock } = isRoot ? lockableMount(t) : lockableDir(t);
      await killWhileAppending(file, 1, 20);
      if (ended === 'closed') await (await openStore({ file })).close();
      lock();
      const store = await openStore({ file });
      atEnd(t, () => store.close());
      const numbers = await numbersIn(store);
      assert.ok(numbers.length >= 20);
      await assert.rejects(store.append([slept(2)]), {
        code: 'STORE_FAILED',
        message: /can't write/,
      });
      await assert.rejects(store.set('key', 'value'), { code: 'STORE_FAILED' });
      assert.deepEqual(await numbersIn(store), numbers);
      unlock();
      assert.equal(await store.append([slept(3)]), numbers.length + 1);
      assert.deepEqual(await numbersIn(store), [...numbers, 3]);
    });
  }
}

function lockableMount(t: TestContext): { file: string; lock(): void; unlock(): void } {
  const { dir, remount } = smallDisk(t);
  const file = join(dir, 'state.db');
  return { file, lock: () => remount('ro'), unlock: () => remount('rw') };
}

function lockableDir(t: TestContext): { file: string; lock(): void; unlock(): void } {
  const dir = stateDir(t);
  const file = join(dir, 'state.db');
  const allow = (directory: number, own: number) => () => {
    for (const name of readdirSync(dir)) chmodSync(join(dir, name), own);
    chmodSync(dir, directory);
  };
  return { file, lock: allow(0o500, 0o400), unlock: allow(0o700, 0o600) };
}

if (mayMount) {
  test('a disk that fills up: refused, read on, and well again when space returns', async (t) => {
    const file = join(smallDisk(t).dir, 'state.db');
    const store = await openStore({ file });
    atEnd(t, () => store.close());
    await store.append([slept(1)]);
    fill(file);
    const kept = 1 + (await appendUntilFull(store));
    await assert.rejects(store.saveSnapshot({ seq: 1, state: 'x'.repeat(9000) }), /full/);
    assert.equal((await store.read(0, 1000)).length, kept);
    free(file);
    assert.equal(await store.append([slept(2)]), kept + 1);
    await store.saveSnapshot({ seq: 1, state: '1' });
  });

  test('started on a full disk after a clean end: reads, and writes with space', async (t) => {
    const file = join(smallDisk(t).dir, 'state.db');
    const before = await openStore({ file });
    await before.append([slept(1)]);
    await before.close();
    fill(file);
    const store = await openStore({ file });
    atEnd(t, () => store.close());
    assert.deepEqual(await numbersIn(store), [1]);
    await assert.rejects(store.append([large]), { code: 'STORE_FAILED' });
    free(file);
    assert.equal(await store.append([slept(2)]), 2);
  });

  test('started on a full disk after a kill: reads, and writes with space', async (t) => {
    const file = join(smallDisk(t).dir, 'state.db');
    const acknowledged = await killWhileAppending(file, 1, 20);
    fill(file);
    const store = await openStore({ file });
    atEnd(t, () => store.close());
    const numbers = await numbersIn(store);
    for (const [seq, number] of acknowledged) assert.equal(numbers[seq - 1], number);
    await assert.rejects(store.append(Array.from({ length: 60 }, () => large)), {
      code: 'STORE_FAILED',
    });
    free(file);
    assert.equal(await store.append([slept(1)]), numbers.length + 1);
  });
}
