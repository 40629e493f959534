/** `daruma simulate` as it is called. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'daruma-simulate-'));
after(() => rmSync(scratch, { recursive: true }));
const file = join(scratch, 'daruma.yaml');
writeFileSync(
  file,
  `
name: shop
services:
  db: { command: sleep infinity, endpoint: 15433 }
  api:
    command: sleep infinity
    endpoint: 18083
    replicas: 2
    depends_on: { db: { condition: service_healthy } }
`,
);

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function simulate(...args: string[]): Promise<Ended> {
  const argv = ['--disable-warning=ExperimentalWarning', main, 'simulate', ...args];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, argv, { cwd: scratch }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test('it tells what to expect, and what would help', async () => {
  const { code, out, err } = await simulate('--seeds', '60', '--years', '2');
  assert.equal(code, 0, err);
  assert.match(out, /^shop: 60 simulated faults/);
  assert.match(out, /availability to expect for users of api: .* down in 2 years/);
  assert.match(out, /weakest: db/);
  assert.match(out, /would help most:/);
  assert.equal(err, '');
});

test('as JSON', async () => {
  const { code, out } = await simulate(file, '--seeds', '10', '--threads', '1', '--json');
  const found = JSON.parse(out);
  assert.deepEqual([code, found.stack, found.stories, found.years], [0, 'shop', 10, 1]);
  assert.deepEqual(found.users, ['api']);
  assert.equal(found.hazards - found.untold, 10);
});

test('with what was learned elsewhere', async () => {
  const common = { observedMs: 3.6e9, faults: { crash: 40 }, outcomes: {} };
  const none = { durations: {}, passedOn: {}, detectors: {} };
  const services = { db: { ...common, ...none } };
  writeFileSync(
    join(scratch, 'known.json'),
    JSON.stringify({ version: 1, stack: common, services }),
  );
  const few = ['--seeds', '5', '--threads', '1', '--json'];
  const { code, out } = await simulate(...few, '--knowledge', 'known.json');
  assert.deepEqual([code, JSON.parse(out).rates], [0, 'what was learned']);
  const first = JSON.parse(out).faults.find((one: { fault: string }) => one.fault === 'crash');
  assert.equal(first.service, 'db');
  assert.ok(first.perYear > 30, String(first.perYear));
  writeFileSync(join(scratch, 'other.json'), '[]');
  assert.equal((await simulate(...few, '--knowledge', 'other.json')).code, 2);
});

test('with rates as given, of which a seed tells the same story again', async () => {
  const rates = ['--rate', 'db:leak=100', '--rate', 'api:crash=0'];
  const { code, out, err } = await simulate('--seeds', '44', '--threads', '1', ...rates);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /rates by default table, and as given/);
  assert.match(out, /db: leak.* +\d/);
  const again = /look at one: .* simulate (--seed \d+ --rate db:leak=100 --rate api:crash=0)/.exec(
    out,
  );
  assert.ok(again, out);
  const [worst = ''] = /^api: .*|^db: .*/m.exec(out) ?? [];
  const story = await simulate(...(again[1] ?? '').split(' '));
  assert.equal(story.out.split(' at ')[0], worst.split(/,| {2}/)[0], story.out);
  for (const wrong of ['api', 'api:leak', 'api:leak=x', 'api:rain=1', 'nobody:leak=1'])
    assert.equal((await simulate('--rate', wrong)).code, wrong === 'nobody:leak=1' ? 9 : 2, wrong);
});

test('one of them as a story', async () => {
  const { code, out } = await simulate('--seed', '1');
  assert.equal(code, 0);
  assert.match(out, /^\w+: \w+ at \w+\/\d; a restart mends it/);
  assert.match(out, /all is well again/);
});

test('wrong use', async () => {
  assert.equal((await simulate('--seeds', '0')).code, 2);
  assert.equal((await simulate('nowhere.yaml')).code, 3);
});
