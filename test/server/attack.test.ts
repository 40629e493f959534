/** What a stranger, another site's page or somebody with a little role may try. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { allRoutes } from '../../src/server/api/app.ts';
import { readStaticFiles } from '../../src/server/api/static-files.ts';
import { browser, loggedIn, password, rig, served } from './rig.ts';

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('forged tokens', () => {
  const nowS = () => Math.floor(Date.now() / 1_000);

  test('of every sort are nobody’s', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const real = ann.cookies['daruma-access-7070'] ?? '';
    const [head = '', body = '', mark = ''] = real.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const none = `${base64({ alg: 'none' })}.${body}.`;
    const otherKey = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.alloc(32, 1));
    const emptyKey = createHmac('sha256', '').update(`${head}.${body}`).digest('base64url');
    const later = base64({ ...claims, exp: nowS() + 1e6 });
    const forged: Record<string, string> = {
      'alg none': none,
      'alg None': none.replace(head, base64({ alg: 'None' })),
      'alg none with the real mark': `${none}${mark}`,
      'another algorithm': `${base64({ alg: 'HS384' })}.${body}.${mark}`,
      'another key': otherKey,
      'an empty key': `${head}.${body}.${emptyKey}`,
      'another expiry': `${head}.${later}.${mark}`,
      'another person': `${head}.${base64({ ...claims, sub: '2' })}.${mark}`,
      'a refresh token': ann.cookies['daruma-refresh-7070'] ?? '',
      'an API token that nobody made': `daruma_${'0'.repeat(18)}_${'0'.repeat(64)}`,
      'a key within': `${base64({ alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } })}.${body}.${mark}`,
      nothing: '',
    };
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 200);
    for (const [what, token] of Object.entries(forged)) {
      const eve = browser(made);
      const authorization = `Bearer ${token}`;
      const byHeader = await eve.send('GET', '/api/v1/stack', undefined, { authorization });
      assert.equal(byHeader.status, 401, what);
      eve.cookies['daruma-access-7070'] = token;
      assert.equal((await eve.send('GET', '/api/v1/stack')).status, 401, what);
    }
  });

  test('that have expired, or are of another stack, are nobody’s', async (t) => {
    const made = await rig(t);
    const other = await rig(t, { stackId: 'another' });
    const ann = await loggedIn(made, 'ann', 'admin');
    await loggedIn(other, 'ann', 'admin');
    const real = ann.cookies['daruma-access-7070'] ?? '';
    const eve = browser(other);
    eve.cookies['daruma-access-7070'] = real;
    assert.equal((await eve.send('GET', '/api/v1/stack')).status, 401);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 11 * 60_000 });
    made.api.parts.gate.forget();
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 401);
    assert.equal((await ann.send('POST', '/api/v1/auth/refresh')).status, 200);
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 200);
  });

  test('a revoked or expired API token is nobody’s; a demoted owner’s shrinks', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const bob = await loggedIn(made, 'bob', 'operator');
    const make = async (scope: string) =>
      (await bob.send('POST', '/api/v1/tokens', { label: 'ci', scope, days: 1 })).json;
    assert.equal(
      (await bob.send('POST', '/api/v1/tokens', { label: 'x', scope: 'admin', days: 1 })).status,
      403,
    );
    const token = await make('operate');
    const by = { authorization: `Bearer ${token.text}` };
    const program = browser(made);
    const act = () => program.send('POST', '/api/v1/services/api/restart', undefined, by);
    assert.equal((await act()).status, 200);
    assert.equal(made.stack.asked.at(-1)?.by, `bob (token ${token.id})`);
    await ann.send('PATCH', '/api/v1/people/bob', { role: 'viewer' });
    assert.equal((await act()).status, 403);
    assert.equal((await ann.send('DELETE', `/api/v1/tokens/${token.id}`)).status, 204);
    assert.equal((await act()).status, 401);
    const { text } = await make('read');
    const read = () =>
      program.send('GET', '/api/v1/stack', undefined, { authorization: `Bearer ${text}` });
    assert.equal((await read()).status, 200);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 25 * 3_600_000 });
    made.api.parts.gate.forget();
    assert.equal((await read()).status, 401);
  });
});

describe('other sites', () => {
  const wrong: readonly (readonly [string, Record<string, string | undefined>])[] = [
    ['another origin', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:8080' }],
    ['an origin that begins like ours', { origin: 'http://127.0.0.1:7070.evil.example' }],
    ['no origin', { origin: undefined }],
    ['an opaque origin', { origin: 'null' }],
    ['what the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['what the browser calls same-site', { 'sec-fetch-site': 'same-site' }],
  ];
  for (const [what, headers] of wrong) {
    test(`${what} changes nothing`, async (t) => {
      const made = await rig(t);
      const ann = await loggedIn(made, 'ann', 'admin');
      const { status } = await ann.send('POST', '/api/v1/services/api/stop', undefined, headers);
      assert.equal(status, 403);
      const body = { label: 'x', scope: 'admin', days: 1 };
      assert.equal((await ann.send('POST', '/api/v1/tokens', body, headers)).status, 403);
      assert.deepEqual(made.stack.acts(), []);
    });
  }

  test('a form’s body is not taken', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const { status } = await ann.send('POST', '/api/v1/invitations', '{"role":"admin"}', {
        'content-type': type,
      });
      assert.equal(status, 400);
    }
  });

  test('nobody is logged in by another site', async (t) => {
    const made = await rig(t);
    await loggedIn(made, 'ann', 'admin');
    const eve = browser(made);
    const body = { name: 'ann', password };
    const headers = { origin: 'https://evil.example' };
    const { status, headers: got } = await eve.send('POST', '/api/v1/auth/login', body, headers);
    assert.equal(status, 403);
    assert.equal(got['set-cookie'], undefined);
  });

  test('no page of another site may frame, read or script ours', async (t) => {
    const made = await rig(t);
    for (const url of ['/', '/api/docs', '/healthz', '/nowhere', '/api/v1/stack']) {
      const { headers } = await browser(made).send('GET', url);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /^default-src 'none'; .*frame-ancestors 'none'$/);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['access-control-allow-origin'], undefined);
    }
  });
});

const consoleFiles = {
  'index.html': '<!doctype html><title>the console</title>',
  'assets/app-1a2b3c4d.js': 'whatever()',
  '.secret': 'hidden',
};

describe('files', () => {
  test('are those of the console, whatever the path says', async (t) => {
    const made = await rig(t, {}, consoleFiles);
    const names = [...readStaticFiles(`${made.layout.stateDir}/web`).keys()].sort();
    assert.deepEqual(names, ['/', '/assets/app-1a2b3c4d.js']);
    const port = await served(t, made);
    const get = (path: string) =>
      rawly(port, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    assert.match(await get('/assets/app-1a2b3c4d.js'), /^HTTP\/1\.1 200 [\s\S]*whatever\(\)$/);
    // A page of the console, which finds nothing to show there.
    assert.match(await get('/etc/passwd'), /^HTTP\/1\.1 200 [\s\S]*<title>the console<\/title>$/);
    const paths = [
      '/../accounts.db',
      '/..%2faccounts.db',
      '/%2e%2e/accounts.db',
      '/assets/../../accounts.db',
      '/assets/..\\..\\accounts.db',
      '/assets/%252e%252e/%252e%252e/accounts.db',
      '/....//accounts.db',
      '/accounts.db%00.html',
      '/.secret',
      '/index.html/../../accounts.db',
      'http://127.0.0.1/../accounts.db',
      'file:///etc/passwd',
      '/api/v1/services/..%2f..%2fstack',
      '/api/../../accounts.db',
    ];
    for (const path of paths) {
      const answer = await get(path);
      assert.match(answer, /^HTTP\/1\.1 4\d\d/, path);
      assert.doesNotMatch(answer, /SQLite|root:|hidden/, path);
    }
  });
});

describe('methods that a route has not', () => {
  test('do nothing, whoever asks', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const routes = allRoutes(made.api.parts, new Map());
    const there = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    for (const path of new Set(routes.map((one) => one.path))) {
      const url = path.replaceAll(/:\w+/g, '1');
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
        if (there.has(`${method} ${path}`)) continue;
        const { status, headers } = await ann.send(method, url);
        assert.ok(status === 404 || status === 405, `${method} ${path}: ${status}`);
        assert.equal(headers['allow'] ?? headers['access-control-allow-methods'], undefined);
      }
    }
    assert.deepEqual(made.stack.acts(), []);
    assert.deepEqual(made.drills, []);
  });
});

describe('bodies', () => {
  test('that are too large, too deep or no JSON are refused', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    const bodies = [
      `{"role":"viewer","x":"${'x'.repeat(70_000)}"}`,
      deep,
      `{"role":${deep}}`,
      '{"role":',
      '{"role":"viewer","__proto__":{"admin":true}}',
      '{"role":"viewer","hours":1e999}',
      '"viewer"',
      '[]',
      'null',
      '\u0000',
    ];
    for (const body of bodies) {
      const headers = { 'content-type': 'application/json' };
      const { status } = await ann.send('POST', '/api/v1/invitations', body, headers);
      assert.equal(status, 400, body.slice(0, 40));
    }
  });

  test('are refused by their depth before anything walks through them', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const deep = (open: string, close: string, count: number) =>
      `{"version":1,"x":${open.repeat(count)}1${close.repeat(count)}}`;
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'deep' };
    const send = (body: string) =>
      ann.send('POST', '/api/v1/knowledge/import', body, headers).then(({ status }) => status);
    assert.equal(await send(deep('[', ']', 3_000_000)), 400);
    assert.equal(await send(deep('{"x":', '}', 1_000_000)), 400);
    assert.equal(await send(`{"version":1,"x":"${'['.repeat(100_000)}\\"${'{'.repeat(9)}"}`), 200);
    assert.deepEqual(made.lines, []);
  });

  test('of strangers are not even read', async (t) => {
    const made = await rig(t);
    const body = 'x'.repeat(9_000_000);
    const headers = { 'content-type': 'application/json' };
    const url = '/api/v1/knowledge/import';
    assert.equal((await browser(made).send('POST', url, body, headers)).status, 401);
  });
});

function rawly(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  return answerOf(socket);
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (part) => {
      text += part;
    });
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });
}

describe('connections', () => {
  test('whose head or body never ends are ended', async (t) => {
    const made = await rig(t);
    const port = await served(t, made);
    const begins = [
      'GET /healthz HTTP/1.1\r\nhost: x\r\n',
      'POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
        'content-length: 100\r\n\r\n{',
    ];
    const answers = begins.map((text) => rawly(port, text));
    // A byte now and then doesn't keep it open.
    const slow = connect(port, '127.0.0.1');
    slow.write(begins[1] ?? '');
    const drip = setInterval(() => slow.write(' '), 300);
    const last = answerOf(slow).finally(() => clearInterval(drip));
    for (const answer of await Promise.all([...answers, last]))
      assert.match(answer, /^HTTP\/1\.1 408/);
  });

  test('headers can’t be smuggled into answers, nor lines into the log', async (t) => {
    const made = await rig(t);
    const port = await served(t, made);
    const requests = [
      'GET /%0d%0aset-cookie:%20x=y HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0',
      'GET /\r\nHTTP/1.1\r\nhost: x\r\n\r\n',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      `GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`,
    ];
    for (const text of requests) {
      const answer = await rawly(port, text);
      assert.match(answer, /^HTTP\/1\.1 4\d\d/);
      assert.doesNotMatch(answer, /^set-cookie/im);
    }
    const eve = browser(made);
    const name = 'eve\n2026-01-01T00:00:00Z api: admin logged in';
    await eve.send('POST', '/api/v1/auth/login', { name, password });
    await eve.send('GET', '/x%0afake line');
    assert.ok(made.lines.every((line) => !line.includes('\n')));
    const agent = 'a\u001b[31m\u0007';
    const ann = browser(made);
    await made.api.parts.people.add('ann', 'viewer', password, 'ann');
    await ann.send(
      'POST',
      '/api/v1/auth/login',
      { name: 'ann', password },
      { 'user-agent': agent },
    );
    const { json } = await ann.send('GET', '/api/v1/sessions');
    assert.equal(json.items[0].agent, 'a?[31m?');
  });
});

describe('a flood of logins', () => {
  const guess = (
    client: ReturnType<typeof browser>,
    name: string,
    number: number,
    headers: object = {},
  ) => {
    const body = { name, password: `guess number ${number}` };
    return client.send('POST', '/api/v1/auth/login', body, headers);
  };

  test('from one address is slowed down, and the person at a known device is not', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const eve = browser(made);
    // What it says of where it comes from counts for nothing.
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, number) =>
        guess(eve, 'ann', number, {
          'x-forwarded-for': `198.51.100.${number}`,
          forwarded: `for=198.51.100.${number}`,
        }),
      ),
    );
    const statuses = all.map(({ status }) => status);
    assert.ok(statuses.filter((status) => status === 401).length <= 4, statuses.join(' '));
    const held = all.find(({ status }) => status === 429);
    assert.ok(Number(held?.headers['retry-after']) >= 1);
    await ann.send('POST', '/api/v1/auth/logout');
    assert.equal(
      (await ann.send('POST', '/api/v1/auth/login', { name: 'ann', password })).status,
      200,
    );
  });

  test('from many addresses is slowed down, and nobody is shut out', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const bob = await loggedIn(made, 'bob', 'viewer');
    let tried = 0;
    for (let number = 1; number <= 60; number += 1) {
      const { status } = await guess(browser(made, `203.0.113.${number}`), 'ann', number);
      if (status === 401) tried += 1;
      else assert.equal(status, 429);
    }
    assert.ok(tried <= 4, `${tried} guesses`);
    for (const [person, name] of [
      [ann, 'ann'],
      [bob, 'bob'],
    ] as const) {
      const { status } = await person.send('POST', '/api/v1/auth/login', { name, password });
      assert.equal(status, 200);
    }
    // At a new place she waits a minute at most, and is let in then.
    const elsewhere = browser(made, '198.51.100.7');
    const body = { name: 'ann', password };
    const held = await elsewhere.send('POST', '/api/v1/auth/login', body);
    assert.equal(held.status, 429);
    assert.ok(Number(held.headers['retry-after']) <= 60);
    t.mock.timers.tick(61_000);
    assert.equal((await elsewhere.send('POST', '/api/v1/auth/login', body)).status, 200);
  });

  test('doesn’t tell which names there are', async (t) => {
    const made = await rig(t);
    await loggedIn(made, 'ann', 'admin');
    const there = await guess(browser(made, '192.0.2.1'), 'ann', 1);
    const notThere = await guess(browser(made, '192.0.2.2'), 'nobody', 1);
    assert.deepEqual(there.json, notThere.json);
  });
});

describe('a flood of requests', () => {
  test('of strangers is turned away, and who is logged in there is not', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'viewer');
    const eve = browser(made);
    const flood = Array.from({ length: 1_500 }, () => eve.send('GET', '/api/v1/stack'));
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    assert.ok(statuses.includes(401) && statuses.includes(429));
    assert.equal((await ann.send('GET', '/api/v1/stack')).status, 200);
    assert.equal((await browser(made, '192.0.2.9').send('GET', '/healthz')).status, 200);
  });
});

describe('stored script', () => {
  test('leaves as JSON that no browser takes for a page', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const logs = '/api/v1/services/api/instances/1/logs';
    for (const url of ['/api/v1/services', '/api/v1/errors', '/api/v1/incidents', logs]) {
      const { text, headers } = await ann.send('GET', url);
      assert.match(text, /<script>/);
      assert.equal(headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
  });

  test('is no name of a person, and no mark-up anywhere in the description', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const { json } = await ann.send('POST', '/api/v1/invitations', { role: 'viewer' });
    for (const name of ['<script>', 'a b', "x' or 1=1 --", 'a\nb', '', 'ann\u202e', '../../x']) {
      const body = { name, password, invitation: json.text };
      const { status } = await browser(made).send('POST', '/api/v1/auth/accept', body);
      assert.equal(status, 400, name);
    }
    const { text } = await ann.send('GET', '/api/docs');
    assert.doesNotMatch(text, /<script|style=|\son\w+=/i);
  });

  test('no secret is in any answer, event or log', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'admin');
    const body = { label: 'x', scope: 'admin', days: 1 };
    const { json: token } = await ann.send('POST', '/api/v1/tokens', body);
    const { json: invitation } = await ann.send('POST', '/api/v1/invitations', { role: 'admin' });
    await made.api.parts.outbox.send();
    const lists = ['tokens', 'invitations', 'people', 'sessions', 'records', 'configuration'];
    const answers = await Promise.all(lists.map((name) => ann.send('GET', `/api/v1/${name}`)));
    const all = [...answers.map(({ text }) => text), ...made.lines, ...made.stack.notes()].join(
      '\n',
    );
    for (const secret of [token.text, invitation.text, password, ...Object.values(ann.cookies)]) {
      assert.ok(!all.includes(secret));
    }
    assert.doesNotMatch(all, /argon2id|"hash"/);
  });
});
