/** A browser in front of a real stack. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench } from '../scenarios/harness.ts';

const root = path.resolve(import.meta.dirname, '../..');
const shots = path.join(root, 'reports/console');
const password = 'correct horse battery';
export const generousMs = 60_000;

/** Answers 500 while the file that `BROKEN` names is there. */
const shop = `
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
console.log('the shop is open <b>today</b>');
createServer((request, response) => {
  response.statusCode = existsSync(process.env.BROKEN ?? '') ? 500 : 200;
  response.end('shop');
}).listen(process.env.PORT, '127.0.0.1');
`;

/** A name of this machine by which browsers take it for one far away: what they have on HTTPS and
 * loopback only, they don't have there. */
export const elsewhere = 'shop.example';

export interface Scene {
  readonly made: Bench;
  readonly url: string;
  /** The link that makes the first administrator. */
  readonly setup: string;
  open(options?: BrowserContextOptions): Promise<Page>;
  shot(page: Page, name: string): Promise<void>;
}

/** A shop and its API. */
export async function scene(t: TestContext): Promise<Scene> {
  const front = await freePort();
  const check = { http: '/', interval: '200ms', timeout: '20s', retries: 2 };
  const api = {
    command: [process.execPath, '--input-type=module', '--eval', shop],
    replicas: 2,
    healthcheck: check,
  };
  const web = {
    command: [process.execPath, '--input-type=module', '--eval', shop],
    endpoint: front,
    environment: { BROKEN: 'broken' },
    healthcheck: check,
    depends_on: { api: { condition: 'service_healthy' } },
    recovery: { max_actions: '1 per 10m' },
    actions: {
      repair: { command: ['rm', '-f', 'broken'], mends: ['error'], destructive: true },
    },
  };
  return sceneOf(t, { api, web });
}

/** `services`, and `more` of the stack, as in a stack file. */
export async function sceneOf(t: TestContext, services: object, more: object = {}): Promise<Scene> {
  execFileSync(process.execPath, ['scripts/build-console.ts'], { cwd: root });
  const stack = { name: 'shop', console: { address: await freePort() }, services, ...more };
  const made = await bench(t, JSON.stringify(stack));
  await made.up();
  const { url, setup } = await made.json<{ url: string; setup: string }>('console');
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', `--host-resolver-rules=MAP ${elsewhere} 127.0.0.1`],
    timeout: 3 * generousMs,
  });
  atEnd(t, () => browser.close());
  mkdirSync(shots, { recursive: true });
  return {
    made,
    url,
    setup,
    open: async (options = {}) => (await browser.newContext(options)).newPage(),
    shot: async (page, name) => {
      await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
    },
  };
}

/** By the link that the first one is given. */
export async function becomeAdmin({ open, setup, shot }: Scene): Promise<Page> {
  const page = await open();
  page.setDefaultTimeout(generousMs);
  await page.goto(setup);
  await page.fill('input[name=name]', 'ann');
  await page.fill('input[name=password]', password);
  await shot(page, 'first-admin');
  await page.click('button[type=submit]');
  await page.waitForSelector('h1:has-text("shop")');
  await page.waitForSelector('.standing.good');
  return page;
}

export async function logIn(page: Page, url: string, name = 'ann'): Promise<void> {
  await page.goto(url);
  await page.fill('input[name=name]', name);
  await page.fill('input[name=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('nav');
}

/** In Chinese, in the dark, at the width of a phone. */
export async function onPhone({ open }: Scene): Promise<Page> {
  const viewport = { width: 390, height: 800 };
  const page = await open({ locale: 'zh-CN', colorScheme: 'dark', viewport });
  page.setDefaultTimeout(generousMs);
  return page;
}

/** Somebody new, on a phone. `seen`: by what address. */
export async function invited(
  admin: Page,
  set: Scene,
  seen: (url: string) => string = (url) => url,
): Promise<Page> {
  await admin.goto(`${set.url}settings`);
  await admin.click('button:has-text("Invite")');
  const link = (await admin.textContent('code.secret')) ?? '';
  const page = await onPhone(set);
  await page.goto(seen(link));
  await page.fill('input[name=name]', 'bob');
  await page.fill('input[name=password]', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('nav');
  return page;
}

/** Nothing of it is cut off, and axe finds nothing serious. */
export async function assertGood(page: Page, place: string): Promise<void> {
  const tooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
  assert.equal(await page.evaluate(tooWide), false, `${place} is wider than its window`);
  assert.deepEqual(await seriousFindings(page), [], place);
}

/** Agrees to what is about to be done, once it says what that is, and waits until it is done. */
export async function confirm(page: Page, says: string | RegExp = /./): Promise<void> {
  const dialog = page.locator('dialog[open]');
  await dialog.getByText(says).first().waitFor();
  await dialog.locator('button.main').click();
  await page.waitForSelector('dialog[open]', { state: 'detached' });
}

const axe = readFileSync(path.join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** Findings of axe that are serious or worse, as text. */
async function seriousFindings(page: Page): Promise<readonly string[]> {
  // Through the debugger: the page's own policy lets no script in.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run;
    const { violations } = await run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}
