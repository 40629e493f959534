/** The console in a real browser, in front of a real stack. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { InstanceId } from '../../src/model/ids.ts';
import type { IncidentView, StackView } from '../../src/model/view.ts';
import { type Bench, until } from '../scenarios/harness.ts';
import { assertGood, becomeAdmin, confirm, logIn, onPhone, type Scene, scene } from './page.ts';

/** What goes through an endpoint is seen while it does. */
async function seeTraffic(page: Page, { made }: Scene): Promise<void> {
  const { services } = await made.json<StackView>('ps');
  const endpoint = services.find(({ name }) => name === 'web')?.endpoint ?? '';
  const seen = (count: number) => `.node:has-text("${count} connected")`;
  await page.waitForSelector(seen(0));
  const { hostname: host, port } = new URL(`http://${endpoint}`);
  const socket = connect({ host, port: Number(port) });
  await page.waitForSelector(seen(1));
  await page.waitForSelector('td:has-text("1 connected")');
  socket.destroy();
  await page.waitForSelector(seen(0));
}

/** Its incident: on a busy machine others may be open. */
function crashOf(made: Bench, instance: InstanceId): Promise<string> {
  return until(`the end of ${instance} has an incident`, async () => {
    const isIts = ({ symptoms }: IncidentView) =>
      symptoms.some(({ component, kind }) => component === instance && kind === 'exit');
    return (await made.incidents()).find(isIts)?.id;
  });
}

/** What a person sees of a drill, from the fault to the proof. */
async function watchDrill(page: Page, { url, shot, made }: Scene): Promise<void> {
  await page.goto(`${url}drills`);
  await page.selectOption('.form select >> nth=1', 'api/2');
  await page.click('.form button');
  await confirm(page);
  await page.goto(`${url}incident/${await crashOf(made, 'api/2')}`);
  await page.waitForSelector('.cause:has-text("api/2: crash")');
  await page.waitForSelector('.reason:has-text("restart api/2")');
  await page.waitForSelector('h1 .badge:has-text("resolved")');
  await page.waitForSelector('.steps li:has-text("Verified")');
  await page.waitForSelector('.plot canvas');
  await shot(page, 'incident');
  await page.goto(`${url}drills`);
  await page.waitForSelector('td:has-text("Recovered")');
  await page.waitForSelector('td .badge:has-text("1 of 1 recovered")');
}

/** An action that needs consent waits for it, is shown, approved and carried out. */
async function approve(page: Page, { url, shot, made }: Scene): Promise<void> {
  writeFileSync(path.join(made.directory, 'broken'), '');
  await page.goto(url);
  await page.waitForSelector('.standing.bad:has-text("Needs a person")');
  await shot(page, 'needs-person');
  await page.click('.standing a');
  await page.click('.consent button.danger');
  await confirm(page);
  await page.waitForSelector('.reason:has-text("repair")');
  await page.waitForSelector('h1 .badge:has-text("resolved")');
}

/** Everything by the keyboard: from the first key on a fresh page to a service's page. */
async function byKeyboard(page: Page, { url }: Scene): Promise<void> {
  await page.goto(url);
  await page.waitForSelector('.node');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.className'), 'skip');
  const focused = () => page.evaluate(`document.activeElement.getAttribute('href')`);
  for (let presses = 0; (await focused()) !== '/service/web'; presses += 1) {
    assert.ok(presses < 40, 'the page of a service is out of reach');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForSelector('h1:has-text("web")');
}

test('a person makes the first account, watches a drill, approves an action', async (t) => {
  const set = await scene(t);
  const page = await becomeAdmin(set);
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/content security/i.test(message.text())) refused.push(message.text());
  });
  await set.shot(page, 'stack');
  await seeTraffic(page, set);
  await watchDrill(page, set);
  await approve(page, set);
  await byKeyboard(page, set);
  await page.waitForSelector('.log:has-text("the shop is open <b>today</b>")');
  for (const place of ['', 'incidents', 'incident/i1', 'service/web', 'drills', 'settings']) {
    await page.goto(`${set.url}${place}`);
    await page.waitForSelector('h1');
    await assertGood(page, place);
  }
  assert.deepEqual(refused, []);
});

/** What happened, was blamed and was done is told in Chinese. */
async function readStory(page: Page, { url, shot, made }: Scene): Promise<void> {
  process.kill(await made.pid('api/1'), 'SIGKILL');
  await page.goto(`${url}incident/${await crashOf(made, 'api/1')}`);
  await page.waitForSelector('.evidence li:has-text("被 SIGKILL 终止")');
  await page.waitForSelector('.reason:has-text("重启 api/1：已崩溃（被 SIGKILL 终止）")');
  await page.waitForSelector('h1 .badge:has-text("已解决")');
  await page.waitForSelector('.lead:has-text("api/1 已崩溃；重启 api/1；")');
  assert.doesNotMatch((await page.textContent('.lead')) ?? '', /[a-z]{4,}/);
  await assertGood(page, 'incident');
  await shot(page, 'phone-incident-chinese');
}

test('in Chinese, in the dark, at the width of a phone', async (t) => {
  const set = await scene(t);
  await (await becomeAdmin(set)).close();
  const page = await onPhone(set);
  await logIn(page, set.url);
  await page.waitForSelector('.standing:has-text("一切正常")');
  assert.equal(await page.evaluate('document.documentElement.lang'), 'zh');
  await set.shot(page, 'phone-chinese-dark');
  await readStory(page, set);
  for (const place of ['', 'service/web', 'incidents', 'events', 'drills', 'settings']) {
    await page.goto(`${set.url}${place}`);
    await page.waitForSelector('h1');
    await assertGood(page, place);
  }
  await page.selectOption('select >> nth=0', 'en');
  await page.waitForSelector('h1:has-text("Settings")');
});
