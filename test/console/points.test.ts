/** Recovery points in the console: made, tried, restored with consent, undone; by role. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { freePort } from '../free-port.ts';
import { until } from '../scenarios/harness.ts';
import { assertGood, becomeAdmin, confirm, invited, type Scene, sceneOf } from './page.ts';

const notes = path.resolve(import.meta.dirname, '../scenarios/services/notes.ts');
const proven = /restored in/;
/** Takes ten seconds at the rate that it is read with: also a slow browser sees it under way. */
const largeBytes = 20_000_000;

/** Asks the service; what it says is all that it keeps. */
type Ask = (method: string, path: string) => Promise<string>;

function writeLarge(directory: string): void {
  writeFileSync(path.join(directory, 'data/large'), randomBytes(largeBytes));
}

async function makeAndTry(page: Page, { url, shot }: Scene): Promise<void> {
  await page.goto(`${url}service/notes`);
  await page.waitForSelector('text=No recovery point yet.');
  await page.fill('.form input[maxlength]', 'before lunch');
  await page.click('button:has-text("Back up now")');
  await page.click('dialog[open] button.main');
  await page.waitForSelector('dialog[open] .progress:has-text("reading"):has-text("iB/s")');
  await shot(page, 'point-progress');
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  const row = page.locator('tr', { hasText: 'before lunch' });
  await row.getByText('not yet').waitFor();
  await row.getByRole('button', { name: 'Try' }).click();
  await confirm(page);
  await row.getByText(proven).waitFor();
  await shot(page, 'points');
}

/** Nothing is asked of the service before it was said what is lost, and agreed to. */
async function restoreAndUndo(page: Page, ask: Ask, { shot, made }: Scene): Promise<void> {
  writeLarge(made.directory);
  await ask('POST', '/afterwards');
  const row = page.locator('tr', { hasText: 'before lunch' });
  await row.getByRole('button', { name: 'Restore' }).click();
  await page.waitForSelector('dialog[open] .alert:has-text("will be lost")');
  assert.equal(await page.isDisabled('dialog[open] button.main'), true);
  await shot(page, 'restore-consent');
  assert.match(await ask('GET', '/'), /afterwards/);
  await page.check('dialog[open] input[type=checkbox]');
  await page.click('dialog[open] button.main');
  // First a point of what is there now; by the one before it is known how much that is.
  await page.waitForSelector('dialog[open] .progress:has-text("reading"):has-text("left")');
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  await page.waitForSelector('.consent button:has-text("Undo the restore")');
  await until('it is back', async () => (await ask('GET', '/')) === 'before\n');
  await shot(page, 'restored');
  await page.click('.consent button:has-text("Undo the restore")');
  await confirm(page);
  await page.waitForSelector('.consent', { state: 'detached' });
  await until('all is there', async () => /afterwards/.test(await ask('GET', '/')));
}

/** Of somebody who was invited as such, in Chinese, at the width of a phone. */
async function asViewer(admin: Page, set: Scene): Promise<void> {
  const page = await invited(admin, set);
  await page.goto(`${set.url}service/notes`);
  await page.waitForSelector('h2:has-text("恢复点")');
  await page.waitForSelector('tr:has-text("before lunch"):has-text("已验证")');
  assert.equal(await page.locator('main button').count(), 0);
  await assertGood(page, 'notes');
  await set.shot(page, 'points-viewer-chinese');
}

test('recovery points are made, tried, restored with consent, and undone', async (t) => {
  const front = await freePort();
  const service = {
    command: ['${DARUMA_NODE}', notes],
    data_dir: 'data',
    environment: { DATA: '${DATA_DIR}' },
    endpoint: front,
    healthcheck: { http: '/', interval: '200ms', timeout: '5s', start_period: '60s' },
    recovery_points: { on: ['before-destructive'], rate: '2MB' },
  };
  const set = await sceneOf(t, { notes: service });
  const ask: Ask = async (method, where) =>
    (await fetch(`http://127.0.0.1:${front}${where}`, { method })).text();
  await ask('POST', '/before');
  writeLarge(set.made.directory);
  const page = await becomeAdmin(set);
  await makeAndTry(page, set);
  await restoreAndUndo(page, ask, set);
  await assertGood(page, 'points');
  await asViewer(page, set);
});
