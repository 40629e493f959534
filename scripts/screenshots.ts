/**
 * Puts pictures of the console into docs/images, in both languages: `npm run screenshots`. Takes
 * Debian's chromium, and for the Chinese ones a font such as fonts-wqy-microhei.
 */
import { mkdirSync } from 'node:fs';
import { chromium, type Page } from 'playwright-core';
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

async function take(call: Call): Promise<void> {
  const { url, setup } = JSON.parse(await call('console', '--json'));
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
      await page.waitForSelector('.node');
      await page.screenshot({ path: `${directory}/stack-${name}.png` });
      await page.goto(`${url}incident/i1`);
      await page.waitForSelector('.plot canvas');
      await page.screenshot({ path: `${directory}/incident-${name}.png`, fullPage: true });
    }
  } finally {
    await browser.close();
  }
}

mkdirSync(directory, { recursive: true });
buildConsole();
await withExample(take);
