/**
 * Puts pictures of the console into docs/images, in both languages: `npm run screenshots`. Takes
 * Debian's chromium, and for the Chinese ones a font such as fonts-wqy-microhei.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { chromium, type Page } from 'playwright-core';
import type { StackView } from '../src/model/view.ts';
import { buildConsole } from './build-console.ts';
import { type Call, withExample } from './example-stack.ts';

const directory = 'docs/images';
const account = { name: 'ann', password: 'only for a picture' };
const languages = { en: 'en-US', zh: 'zh-CN' };

async function enter(page: Page, url: string): Promise<void> {
  await page.goto(url);
  for (const [field, value] of Object.entries(account)) await page.fill(`[name=${field}]`, value);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.standing.good');
}

/** So that there is something to see. Until the function is called. */
async function putLoad(call: Call): Promise<() => void> {
  const { services }: StackView = JSON.parse(await call('ps', '--json'));
  const endpoint = services.find(({ name }) => name === 'api')?.endpoint ?? '';
  const args = ['examples/accounts/load.ts', '--url', `http://${endpoint}`, '--duration', '10m'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return () => child.kill('SIGKILL');
}

async function takeAll(page: Page, url: string, language: string): Promise<void> {
  const shot = (name: string, fullPage = true) =>
    page.screenshot({ path: `${directory}/${name}-${language}.png`, fullPage });
  await page.waitForSelector('.node:has-text("/s"), .node:has-text("/秒")');
  await shot('stack', false);
  await page.goto(`${url}incident/i1`);
  await page.waitForSelector('.plot canvas');
  await shot('incident');
  await page.goto(`${url}availability`);
  await page.waitForSelector('.availability');
  await shot('availability');
  await page.goto(`${url}errors`);
  await page.waitForSelector('td.message');
  await shot('errors');
}

async function take(call: Call): Promise<void> {
  const { url, setup } = JSON.parse(await call('console', '--json'));
  const endLoad = await putLoad(call);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    // Chromium's own sandbox takes rights that root in a container lacks.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const first = await browser.newPage();
    await enter(first, setup);
    await call('drill', 'kill', 'db/1');
    for (const [name, locale] of Object.entries(languages)) {
      const context = await browser.newContext({ locale, viewport: { width: 1100, height: 640 } });
      const page = await context.newPage();
      await enter(page, url);
      await takeAll(page, url, name);
    }
  } finally {
    endLoad();
    await browser.close();
  }
}

mkdirSync(directory, { recursive: true });
await buildConsole();
await withExample(take);
