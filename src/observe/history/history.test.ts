import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, describe, test } from 'node:test';
import { SignalHistory } from './history.ts';

const hourMs = 3_600_000;
const began = Date.UTC(2026, 0, 1);

function directory(): string {
  const dir = mkdtempSync(`${tmpdir()}/daruma-history-`);
  after(() => rmSync(dir, { recursive: true, force: true }));
  return `${dir}/signals`;
}

function neverFails(text: string): void {
  assert.fail(text);
}

function opened(dir: string, log: (text: string) => void = neverFails): SignalHistory {
  const history = new SignalHistory(dir, log);
  after(() => history.close());
  return history;
}

type Values = Readonly<Record<string, number>>;

/** `values` by `component signal`. */
async function take(history: SignalHistory, at: number, values: Values): Promise<void> {
  await history.take(at, (visit) => {
    for (const [key, value] of Object.entries(values)) {
      const [component = '', signal = ''] = key.split(' ');
      visit(component, signal, value);
    }
  });
}

describe('signals of an hour and of a week', () => {
  test('each second is there, of a service and of one instance', async () => {
    const history = opened(directory());
    for (let n = 0; n < 5; n += 1)
      await take(history, began + n * 1_000, {
        'api/1 cpu': n,
        'api/2 cpu': 10 + n,
        'db/1 cpu': 1,
      });
    const range = { from: began + 1_000, to: began + 3_000 };
    const now = began + 5_000;
    const api = await history.read({ of: 'api', ...range }, now);
    assert.deepEqual(
      api.map(({ component, points }) => [component, points.map(([, value]) => value)]),
      [
        ['api/1', [1, 2, 3]],
        ['api/2', [11, 12, 13]],
      ],
    );
    const one = await history.read({ of: 'api/2', signals: ['cpu'], ...range }, now);
    assert.deepEqual(one.length, 1);
    assert.deepEqual(await history.read({ of: 'api', signals: ['memory.rss'], ...range }, now), []);
  });

  test('what came later, and what was gone for a while, is told as it was', async () => {
    const history = opened(directory());
    await take(history, began, { 'a/1 cpu': 1 });
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`b/${n + 1} cpu`, n]));
    await take(history, began + 1_000, many);
    await take(history, began + 2_000, { 'a/1 cpu': 3, ...many });
    const query = { from: began, to: began + 2_000 };
    const [series] = await history.read({ of: 'a', ...query }, began);
    assert.deepEqual(series?.points, [
      [began, 1],
      [began + 2_000, 3],
    ]);
    assert.equal((await history.read({ of: 'b', ...query }, began)).length, 100);
  });

  test('of what is older than an hour, the mean of each minute', async () => {
    const history = opened(directory());
    for (let n = 0; n <= 180; n += 1) await take(history, began + n * 1_000, { 'a/1 cpu': n });
    const later = began + 2 * hourMs;
    const [series] = await history.read({ of: 'a/1', from: began, to: later }, later);
    assert.deepEqual(series?.points, [
      [began, 29.5],
      [began + 60_000, 89.5],
      [began + 120_000, 149.5],
    ]);
  });

  test('seconds older than an hour are removed from the disk', async () => {
    const dir = directory();
    const history = opened(dir);
    for (let n = 0; n < 6 * 600; n += 1) await take(history, began + n * 3_000, { 'a/1 cpu': n });
    const kept = readdirSync(dir).filter((name) => /^second-.*\.rows$/.test(name));
    assert.ok(kept.length <= 4, `${kept.length} segments are kept`);
    const now = began + 6 * 600 * 3_000;
    const [series] = await history.read({ of: 'a/1', from: now - hourMs, to: now }, now);
    assert.equal(series?.points.length, 1_200);
  });

  test('another process reads what the one before it kept, but for a row cut short', async () => {
    const dir = directory();
    const before = opened(dir);
    for (let n = 0; n < 3; n += 1) await take(before, began + n * 1_000, { 'a/1 cpu': n });
    const rows = readdirSync(dir).find((name) => name.endsWith('.rows'));
    truncateSync(`${dir}/${rows}`, 2 * (8 + 4 * 18) + 5);
    const now = opened(dir);
    await take(now, began + 4_000, { 'a/1 cpu': 4 });
    const range = { from: began, to: began + 9_000 };
    const [series] = await now.read({ of: 'a/1', ...range }, began + 9_000);
    assert.deepEqual(
      series?.points.map(([, value]) => value),
      [0, 1, 4],
    );
  });

  test('what is asked to be kept after its end is not; what was under way is', async () => {
    const dir = directory();
    const history = opened(dir);
    const taking = take(history, began, { 'a/1 cpu': 1 });
    await history.close();
    await taking;
    await take(history, began + 1_000, { 'a/1 cpu': 2 });
    const range = { from: began, to: began + 9_000 };
    const [series] = await opened(dir).read({ of: 'a/1', ...range }, began + 9_000);
    assert.deepEqual(series?.points, [[began, 1]]);
  });

  test('a disk that takes nothing is told of once', async () => {
    const told: string[] = [];
    const history = opened('/dev/null/none', (text) => told.push(text));
    for (let n = 0; n < 3; n += 1) await take(history, began + n * 1_000, { 'a/1 cpu': n });
    assert.equal(told.length, 1);
  });
});
