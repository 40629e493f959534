/** Availability and maintenance in a real browser, in front of a real stack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../scenarios/harness.ts';
import { assertGood, becomeAdmin, confirm, logIn, onPhone, type Scene, sceneOf } from './page.ts';

const serve = "createServer((_, response) => response.end('web')).listen(process.env.PORT)";
const program = `import { createServer } from 'node:http'; ${serve}`;
const web = {
  command: [process.execPath, '--input-type=module', '--eval', program],
  healthcheck: { http: '/', interval: '200ms', timeout: '20s', retries: 2 },
};

/** By the keyboard alone: put under maintenance after it was said what that does. */
async function beginMaintenance(page: Page, { url, shot }: Scene): Promise<void> {
  await page.goto(`${url}service/web`);
  await page.focus('.maintenance select');
  await page.keyboard.press('ArrowDown');
  await page.focus('.maintenance button');
  await page.keyboard.press('Enter');
  const said = await page.textContent('dialog[open] p');
  assert.match(said ?? '', /For 1 h web is watched and not acted on/);
  await shot(page, 'maintenance-asked');
  await page.focus('dialog[open] button.main');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.maintained:has-text("by ann")');
}

/** The only instance dies, and stays so until the maintenance is ended. */
async function sitItOut(page: Page, { url, shot, made }: Scene): Promise<void> {
  process.kill(await made.pid('web/1'), 'SIGKILL');
  await until('it is left as it is', async () =>
    (await made.instance('web/1')).note.includes('web is under maintenance'),
  );
  await page.waitForSelector('td:has-text("web is under maintenance")');
  assert.equal(await page.locator('h2:has-text("Signals")').count(), 1);
  await shot(page, 'maintenance');
  await assertGood(page, 'availability');
  await page.goto(`${url}availability`);
  await page.waitForSelector('.availability:has-text("web") .badge:has-text("down")');
  await page.goto(`${url}settings`);
  await page.click('.rows li:has-text("web") button');
  await confirm(page);
  await until('it was restarted', async () => (await made.instance('web/1')).phase === 'ready');
  await page.waitForSelector('text=No service is under maintenance');
}

test('a service is put under maintenance, and its outages are told', async (t) => {
  const set = await sceneOf(t, { web, api: { ...web, replicas: 2 } });
  const page = await becomeAdmin(set);
  await beginMaintenance(page, set);
  await sitItOut(page, set);
  process.kill(await set.made.pid('web/1'), 'SIGKILL');
  await page.goto(`${set.url}availability`);
  await page.waitForSelector('tr:has-text("Maintenance")');
  await page.waitForSelector('tr:has-text("Fault")');
  await page.waitForSelector('.availability:has-text("web") .badge:has-text("ready")');
  await page.waitForSelector('.hint:has-text("The log reaches back to")');
  await set.shot(page, 'availability');
  await assertGood(page, 'availability');
  await page.selectOption('.form select', 'month');
  await page.click('tr:has-text("Fault") a');
  await page.waitForSelector('h1 .badge');
});

test('the same in Chinese, in the dark, at the width of a phone', async (t) => {
  const set = await sceneOf(t, { web, api: { ...web, replicas: 2 } });
  await (await becomeAdmin(set)).close();
  process.kill(await set.made.pid('web/1'), 'SIGKILL');
  assert.equal((await set.made.daruma('maintenance', 'api', '--until-healthy')).code, 0);
  const page = await onPhone(set);
  await logIn(page, set.url);
  for (const [place, said, name] of [
    ['availability', 'h1:has-text("可用性")', 'availability-phone'],
    ['service/api', '.maintained:has-text("直到恢复健康")', 'maintenance-phone'],
    ['settings', 'li:has-text("api") .maintained', 'maintenance-settings-phone'],
  ] as const) {
    await page.goto(`${set.url}${place}`);
    await page.waitForSelector(said);
    await set.shot(page, name);
    await assertGood(page, place);
  }
});
