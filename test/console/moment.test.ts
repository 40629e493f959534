/** A database goes back to a moment that a person picks, by the clock of another time zone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import type { PointView } from '../../src/model/recovery-point.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { until } from '../scenarios/harness.ts';
import { assertGood, becomeAdmin, generousMs, logIn, type Scene, sceneOf } from './page.ts';

const timezoneId = 'Asia/Kolkata';

function service(port: number): object {
  return {
    driver: 'postgres',
    endpoint: port,
    healthcheck: { interval: '500ms', timeout: '10s', retries: 3, start_period: '60s' },
    postgres: { users: { app: { password: 'test', owner: true } } },
    recovery_points: { archive_timeout: '1s', keep: { last: 9 } },
  };
}

type Query = (sql: string) => Promise<readonly unknown[]>;

function querying(port: number): Query {
  return async (sql) => {
    const target = { host: '127.0.0.1', port, user: 'app', password: 'test', database: 'app' };
    const client = new pg.Client(target);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
    } finally {
      await client.end();
    }
  };
}

/** A whole second between two writes, and the log reaches beyond it. */
async function writeAround({ made }: Scene, query: Query): Promise<number> {
  await query('create table rows (number int primary key)');
  assert.equal((await made.daruma('backup', 'db')).code, 0);
  await query('insert into rows values (1)');
  let moment = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
  // A field for times leaves out seconds that are zero.
  if (moment % 60_000 === 0) moment += 1_000;
  await until('the moment has gone by', () => Date.now() > moment + 100);
  await query('insert into rows values (2)');
  await until('the log reaches beyond it', async () => {
    await query('insert into rows select max(number) + 1 from rows');
    const { points } = await made.json<{ points: PointView[] }>('points', 'db');
    return points.some(({ restorableUntil }) => (restorableUntil ?? 0) >= moment);
  });
  return moment;
}

function fieldText(at: number): string {
  return new Date(at).toLocaleString('sv-SE', { timeZone: timezoneId }).replace(' ', 'T');
}

test('a moment is picked, and the database is as it was then', async (t) => {
  const port = await freePort();
  const set = await sceneOf(t, { db: service(port) });
  const query = querying(port);
  await (await becomeAdmin(set)).close();
  const moment = await writeAround(set, query);
  const page = await set.open({ timezoneId });
  atEnd(t, () => page.close());
  page.setDefaultTimeout(generousMs);
  await logIn(page, set.url);
  await page.goto(`${set.url}service/db`);
  const field = page.getByLabel('Restore to a moment');
  const [least, most] = [await field.getAttribute('min'), await field.getAttribute('max')];
  assert.ok((least ?? '') < fieldText(moment) && fieldText(moment) <= (most ?? ''), 'offered');
  await field.fill(fieldText(moment));
  await page.locator('.form', { has: field }).getByRole('button', { name: 'Restore' }).click();
  const dialog = page.locator('dialog[open]');
  const clock = new Date(moment).toLocaleTimeString('en-GB', { timeZone: timezoneId });
  await dialog.getByText(`db goes back to ${clock}`).waitFor();
  await dialog.locator('input[type=checkbox]').check();
  await set.shot(page, 'restore-moment');
  await dialog.locator('button.main').click();
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  await page.waitForSelector('.consent button:has-text("Undo the restore")');
  const rows = await until('it serves again', () =>
    query('select number from rows').catch(() => null),
  );
  assert.deepEqual(rows, [1]);
  await assertGood(page, 'moment');
});
