/** The registry of errors in a real browser: searched, muted, followed to an incident. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { ErrorRecord } from '../../src/model/error-record.ts';
import { until } from '../scenarios/harness.ts';
import { assertGood, becomeAdmin, confirm, logIn, onPhone, type Scene, sceneOf } from './page.ts';

/** Reports the same error with other numbers, and ends when the file `fall` is there. */
const till = `
import { existsSync } from 'node:fs';
import { request } from 'node:http';
const { DARUMA_SOCKET: socketPath, DARUMA_TOKEN: token } = process.env;
let order = 0;
setInterval(() => {
  order += 1;
  console.log('order ' + order + ' is counted');
  if (existsSync('fall')) {
    console.log('the till falls');
    process.exit(3);
  }
  if (order > 40) return;
  const message = 'order ' + order + ': no price for "<b>tea ' + order + '</b>"';
  const stack = 'Error: no price\\n    at priceOf (till.js:12:5)';
  const body = JSON.stringify({ code: 'E_PRICE', message, stack });
  const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
  request({ socketPath, method: 'POST', path: '/v1/errors', headers, agent: false })
    .on('response', (response) => response.resume())
    .on('error', () => {})
    .end(body);
}, 50);
`;

/** Takes memory once the file `grow` is there. */
const growing = `
let [count, growsAt, kept] = [0, null, null];
setInterval(() => {
  console.log('count ' + (count += 1));
  if (growsAt === null && require('node:fs').existsSync('grow')) {
    console.log('it will grow');
    growsAt = count + 10;
  }
  if (count === growsAt) kept = Buffer.alloc(400_000_000, 1);
}, 300);
`;

async function tills(t: Parameters<typeof sceneOf>[0]): Promise<Scene> {
  const command = [process.execPath, '--input-type=module', '--eval', till];
  const set = await sceneOf(t, { till: { command, environment: { RELEASE: '2.4.1' } } });
  await until('all errors were reported', async () => {
    const [error] = await set.made.json<ErrorRecord[]>('errors', '--service', 'till');
    return error?.count === 40;
  });
  return set;
}

const row = 'table.errors tbody tr';

async function press(page: Page, button: string): Promise<void> {
  await page.click(`${row}:has-text("E_PRICE") button:text-is("${button}")`);
  await confirm(page);
}

async function muteAndShow(page: Page): Promise<void> {
  await page.click(`${row} button:text-is("Mute")`);
  await page.selectOption('dialog[open] select', 'forEver');
  await page.waitForSelector('dialog[open] .alert');
  await page.selectOption('dialog[open] select', 'day');
  await confirm(page);
  await page.waitForSelector('p:has-text("No error yet.")');
  await page.selectOption('.form select', 'muted');
  await page.waitForSelector(`${row} :text("muted by ann until")`);
  await press(page, 'Unmute');
  await page.waitForSelector('p:has-text("No error like that.")');
  await page.selectOption('.form select', '');
  await press(page, 'Acknowledge');
  await page.waitForSelector(`${row} :text("acknowledged by ann")`);
}

async function lookAtIncident(page: Page, { made, url, shot }: Scene): Promise<void> {
  writeFileSync(path.join(made.directory, 'fall'), '');
  const id = await until('an incident is open', async () => (await made.incidents())[0]?.id);
  await page.goto(`${url}incident/${id}`);
  await page.waitForSelector(`${row}:has-text("EXIT_3")`);
  await page.waitForSelector('.log:has-text("the till falls")');
  await page.waitForSelector('.log mark:has-text("Onset")');
  await shot(page, 'incident-errors');
  await assertGood(page, 'incident');
}

test('an error is found, muted, shown again, seen to; an incident shows its own', async (t) => {
  const set = await tills(t);
  const page = await becomeAdmin(set);
  await page.goto(`${set.url}errors`);
  await page.waitForSelector(`${row}:has-text("E_PRICE"):has-text("40"):has-text("2.4.1")`);
  assert.equal(await page.locator(row).count(), 1);
  await page.waitForSelector('.trend[aria-label="40 in 24 hours"]');
  await set.shot(page, 'errors');
  await assertGood(page, 'errors');
  await page.fill('input[type=search]', 'refund');
  await page.waitForSelector('p:has-text("No error like that.")');
  await page.fill('input[type=search]', 'PRICE till/1');
  await page.waitForSelector(row);
  await page.fill('input[type=search]', '');
  await muteAndShow(page);
  await page.click(`${row} th a`);
  await page.waitForSelector('.log:has-text("priceOf (till.js:12:5)")');
  await page.waitForSelector('h2:has-text("Latest happenings")');
  await set.shot(page, 'error');
  await assertGood(page, 'error');
  await lookAtIncident(page, set);
  await page.goto(`${set.url}service/till`);
  await page.waitForSelector(`${row}:has-text("E_PRICE")`);
  await page.waitForSelector(`${row}:has-text("EXIT_3")`);
});

test('an incident of which no error tells shows what the log said around its onset', async (t) => {
  const command = [process.execPath, '--eval', growing];
  const expr = "memory.rss > size('300MiB')";
  const symptoms = [{ name: 'large', expr, for: '1s', faults: ['leak'] }];
  const set = await sceneOf(t, { counter: { command, replicas: 2, symptoms } });
  const page = await becomeAdmin(set);
  writeFileSync(path.join(set.made.directory, 'grow'), '');
  const id = await until('an incident is open', async () => (await set.made.incidents())[0]?.id);
  await page.goto(`${set.url}incident/${id}`);
  await page.waitForSelector('p:has-text("No error belongs to it.")');
  const logs = page.locator('section:has(h2:text-is("Log lines around the onset"))');
  const shown = logs.locator('details[open] .log');
  await shown
    .filter({ hasText: /it will grow\n[\s\S]*— (Onset|Noticed .+ after the onset) —/ })
    .waitFor();
  assert.ok(((await shown.textContent()) ?? '').split('\n').length < 100);
  await logs.locator('details:not([open]) summary').click();
  await shown.nth(1).locator('mark').waitFor();
  await assertGood(page, 'errors');
  await set.shot(page, 'incident-logs');
});

test('errors in Chinese, in the dark, at the width of a phone', async (t) => {
  const set = await tills(t);
  await (await becomeAdmin(set)).close();
  const page = await onPhone(set);
  await logIn(page, set.url);
  const [error] = await set.made.json<ErrorRecord[]>('errors');
  for (const place of ['errors', `error/${error?.id}`]) {
    await page.goto(`${set.url}${place}`);
    await page.waitForSelector('.trend');
    await set.shot(page, `phone-${place.replace(/\/.*/, '')}`);
    await assertGood(page, place);
  }
});
