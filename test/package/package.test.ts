/**
 * The package as people get it: packed, installed into an empty folder, and run from there with the
 * Node.js of this machine. npm fetches the dependencies, from its cache where it has them.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const service = `
import { createServer } from 'node:http';
createServer((_request, response) => response.end('served')).listen(process.env.PORT);
`;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function runIn(cwd: string, program: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, maxBuffer: 2 ** 26 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, out, err });
    });
  });
}

describe('the packed package', () => {
  let base = '';
  let stack = '';
  let port = 0;
  const daruma = (...args: string[]): Promise<Ended> =>
    runIn(stack, join(base, 'node_modules/.bin/daruma'), ...args);

  before(async () => {
    base = mkdtempSync(join(tmpdir(), 'daruma-package-'));
    stack = join(base, 'stack');
    mkdirSync(stack);
    port = await freePort();
    writeFileSync(join(stack, 'web.mjs'), service);
    const web = { command: `${process.execPath} web.mjs`, endpoint: port, replicas: 2 };
    writeFileSync(join(stack, 'daruma.yaml'), JSON.stringify({ name: 'tiny', services: { web } }));
    const packed = await runIn(root, 'npm', 'pack', '--pack-destination', base);
    assert.equal(packed.code, 0, packed.err);
    const tarball = readdirSync(base).find((name) => name.endsWith('.tgz')) ?? '';
    writeFileSync(
      join(base, 'package.json'),
      JSON.stringify({ private: true, allowScripts: { node: true } }),
    );
    const options = ['--prefer-offline', '--no-audit', '--no-fund'];
    const installed = await runIn(base, 'npm', 'install', ...options, `./${tarball}`);
    assert.equal(installed.code, 0, installed.err);
  });

  after(async () => {
    await daruma('down');
    rmSync(base, { recursive: true, force: true });
  });

  test('holds compiled JavaScript and no sources or tests', () => {
    const package_ = join(base, 'node_modules/daruma');
    const files = readdirSync(package_, { recursive: true, encoding: 'utf8' });
    const own = files.filter((name) => !name.startsWith('node_modules/'));
    assert.ok(own.includes('dist/main.js'));
    assert.deepEqual(
      own.filter((name) => /^(src|test|scripts|bench)\b|^dist\/.*\.ts$|\.test\.js$/.test(name)),
      [],
    );
  });

  test('daruma check', async () => {
    const { code, out, err } = await daruma('check');
    assert.equal(code, 0, err);
    assert.match(out, /daruma\.yaml is right: 1 service/);
  });

  test('daruma up, ps, down', async () => {
    const up = await daruma('up', '--detach');
    assert.equal(up.code, 0, up.err);
    assert.match(up.out, /tiny is up/);
    const again = await daruma('up', '--detach');
    assert.equal(again.code, 5, again.out);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await response.text(), 'served');
    const ps = await daruma('ps', '--json');
    const view = JSON.parse(ps.out);
    const phases = view.services[0].instances.map(({ phase }: { phase: string }) => phase);
    assert.deepEqual(phases, ['ready', 'ready']);
    const down = await daruma('down');
    assert.equal(down.code, 0, down.err);
    const after = await daruma('ps');
    assert.equal(after.code, 4, after.out);
  });
});
