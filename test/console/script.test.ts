/** Mark-up in what services say stays text, wherever the console shows it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { bench, until } from '../scenarios/harness.ts';
import { becomeAdmin, generousMs, logIn, type Scene, sceneOf } from './page.ts';

const script = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;

/** Says it in its log, and reports it as an error. */
const program = `
import { request } from 'node:http';
const { DARUMA_SOCKET: socketPath, DARUMA_TOKEN: token, SCRIPT: text } = process.env;
console.log(text);
const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
const call = request({ socketPath, method: 'POST', path: '/v1/errors', headers }, (answer) => {
  console.log('reported: ' + answer.statusCode);
});
call.on('error', (error) => console.log(error.message));
call.end(JSON.stringify({ code: 'E1', message: text }));
setInterval(() => undefined, 1_000_000);
`;

function services(): object {
  const failing = `console.log(${JSON.stringify(script)}); process.exit(2);`;
  const check = `if (require('node:fs').existsSync('broken')) { ${failing} }`;
  return {
    web: {
      command: [process.execPath, '--input-type=module', '--eval', program],
      environment: { SCRIPT: script },
      healthcheck: {
        test: ['CMD', process.execPath, '--eval', check],
        nagios: true,
        interval: '1s',
        retries: 1,
      },
      recovery: { max_actions: '1 per 10m' },
    },
  };
}

async function assertHarmless(page: Page, place: string): Promise<void> {
  assert.equal(await page.title(), 'Daruma', place);
  assert.equal(await page.locator('img[src="x"], main script').count(), 0, place);
}

/** Shown as it was said. */
async function assertShown(page: Page, { url }: Scene, place: string, text = script) {
  await page.goto(`${url}${place}`);
  const shown = page.locator('main', { hasText: text });
  await shown.waitFor().catch((cause: unknown) => {
    throw new Error(`nothing is shown of it at ${place}`, { cause });
  });
  await assertHarmless(page, place);
}

test('what services and browsers say of themselves is shown, and does nothing', async (t) => {
  const set = await sceneOf(t, services());
  await (await becomeAdmin(set)).close();
  const page = await set.open({ userAgent: script });
  page.setDefaultTimeout(generousMs);
  page.on('dialog', () => assert.fail('a script has run'));
  await logIn(page, set.url);
  for (const place of ['service/web', 'errors', 'settings']) await assertShown(page, set, place);
  writeFileSync(path.join(set.made.directory, 'broken'), '');
  const id = await until('an incident is open', async () => (await set.made.incidents())[0]?.id);
  for (const place of [`incident/${id}`, 'service/web']) await assertShown(page, set, place);
  await assertShown(page, set, 'events', JSON.stringify(script).slice(1, -1));
  for (const place of ['', 'incidents', 'drills']) {
    await page.goto(`${set.url}${place}`);
    await page.waitForSelector('h1');
    await assertHarmless(page, place);
  }
});

test('no service has a name with mark-up in it', async (t) => {
  const stack = { name: 'shop', services: { [script]: { command: ['sleep', '1000'] } } };
  const made = await bench(t, JSON.stringify(stack));
  const { code, stderr, stdout } = await made.daruma('check');
  assert.equal(code, 3, stdout + stderr);
});
