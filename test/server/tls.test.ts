/** HTTPS from files; plain HTTP on loopback only. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { consoleUrl } from '../../src/cli/console-place.ts';
import { readStack } from '../../src/stack/read.ts';
import { atEnd } from '../at-end.ts';
import { loggedIn, password, rig } from './rig.ts';

function scratch(t: TestContext): string {
  const directory = mkdtempSync(`${tmpdir()}/daruma-tls-`);
  atEnd(t, () => rmSync(directory, { recursive: true }));
  return directory;
}

function certificate(directory: string) {
  const [cert, key] = [`${directory}/cert.pem`, `${directory}/key.pem`];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const args = ['req', '-x509', ...made, '-keyout', key, '-out', cert, '-days', '2', ...subject];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return { cert, key };
}

describe('TLS', () => {
  test('from files: pages are for HTTPS only, and so are cookies', async (t) => {
    const files = certificate(scratch(t));
    const made = await rig(t, { host: '0.0.0.0', tls: files });
    await loggedIn(made, 'ann', 'admin');
    const { app } = made.api;
    app.server.emit('listening');
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      app.server.emit('connection', socket);
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => server.close());
    const { port } = server.address() as AddressInfo;
    const answer = await new Promise<{ status: number; headers: Record<string, unknown> }>(
      (resolve, reject) => {
        const options = {
          port,
          host: 'localhost',
          ca: readFileSync(files.cert),
          path: '/api/v1/auth/login',
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: `https://localhost:${port}` },
          agent: false as const,
        };
        const call = request(options, (response) => {
          response.resume();
          resolve({ status: response.statusCode ?? 0, headers: response.headers });
        });
        call.on('error', reject).end(JSON.stringify({ name: 'ann', password }));
      },
    );
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers['strict-transport-security']), /max-age=31536000/);
    for (const cookie of answer.headers['set-cookie'] as string[]) {
      assert.match(cookie, /^__Secure-daruma-.*; Secure$/);
    }
  });

  test('without it, other addresses than loopback are refused unless that is wanted', async (t) => {
    await assert.rejects(rig(t, { host: '0.0.0.0' }), { code: 'BAD_REQUEST' });
    await rig(t, { host: '0.0.0.0', insecure: true });
    await rig(t, { host: '127.0.0.2' });
  });

  test('files that can’t be read are told', async (t) => {
    const tls = { cert: '/no/such/cert.pem', key: '/no/such/key.pem' };
    await assert.rejects(rig(t, { tls }), { message: /console\.tls/ });
  });
});

test('the console’s link leads there from this machine', () => {
  const urlOf = (host: string, tls: boolean) => consoleUrl({ host, port: 7070, tls });
  assert.equal(urlOf('127.0.0.1', false), 'http://127.0.0.1:7070/');
  assert.equal(urlOf('fd00::2', true), 'https://[fd00::2]:7070/');
  assert.equal(urlOf('0.0.0.0', true), 'https://localhost:7070/');
  assert.equal(urlOf('::', false), 'http://localhost:7070/');
});

describe('`console` in a stack file', () => {
  const cases: readonly (readonly [unknown, RegExp | null])[] = [
    [{ address: '0.0.0.0:7070' }, /plain HTTP on 0\.0\.0\.0/],
    [{ address: '[::]:7070' }, /plain HTTP on ::/],
    [{ address: '0.0.0.0:7070', insecure: true }, null],
    [{ address: '0.0.0.0:7070', tls: { cert: 'c', key: 'k' } }, null],
    [{ address: '127.0.0.1:7070' }, null],
    [{ address: '[::1]:7070' }, null],
    [{ address: 7071 }, null],
    [{ address: 'localhost:7071' }, null],
    [{ address: 'example.org:7071' }, /a numeric address and a port/],
    [{ adress: 7071 }, /adress/],
    [true, /expected false/],
    [false, null],
  ];
  for (const [console, wrong] of cases) {
    test(JSON.stringify(console), async (t) => {
      const file = `${scratch(t)}/daruma.yaml`;
      const services = { web: { command: 'true' } };
      writeFileSync(file, JSON.stringify({ name: 's', console, services }));
      const result = await readStack({ file, environment: {} });
      if (result.ok) assert.equal(wrong, null);
      else assert.match(JSON.stringify(result.problems), wrong ?? /^nothing$/);
    });
  }
});
