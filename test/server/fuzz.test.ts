/** Every route with whatever its schema allows, and with what it doesn't: never a 500. */
import assert from 'node:assert/strict';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { allRoutes } from '../../src/server/api/app.ts';
import { openApi } from '../../src/server/api/openapi.ts';
import type { Route } from '../../src/server/api/route.ts';
import { type Browser, browser, loggedIn, password, type Rig, rig, served } from './rig.ts';

type Json = { readonly [name: string]: unknown };

const runs = process.env['DARUMA_TEST_LONG'] === '1' ? 500 : 40;
/** They answer for as long as one listens: asked over connections, which are closed then. */
const streams = /stream$/;
/** They take and give sessions, and a password takes long to check: tried by themselves. */
const entries = /\/auth\/(login|setup|register|accept|password|logout)$/;

/** Values that a JSON schema allows, as far as routes use it. */
function allowed(schema: Json): fc.Arbitrary<unknown> {
  const { type, enum: words, const: word, anyOf, pattern, properties, required, items } = schema;
  if (Array.isArray(words)) return fc.constantFrom(...words);
  if (word !== undefined) return fc.constant(word);
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((one) => allowed(one as Json)));
  if (type === 'integer' || type === 'number') {
    const { minimum = 0, maximum = 1e6 } = schema as { minimum?: number; maximum?: number };
    return fc.integer({ min: Math.max(minimum, -1e9), max: Math.min(maximum, 1e9) });
  }
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(allowed(items as Json), { maxLength: 5 });
  if (type === 'object') {
    const fields = Object.entries((properties ?? {}) as Record<string, Json>);
    const model = Object.fromEntries(fields.map(([name, field]) => [name, allowed(field)]));
    const needed = ((required ?? []) as string[]).filter((name) => name in model);
    return fc.record(model, { requiredKeys: needed });
  }
  if (typeof pattern === 'string') {
    const some = fc.constantFrom('api', 'worker', 'api/1', 'i1', 'e1', '1', '7', 'ann', 'record');
    return fc.oneof(some, fc.stringMatching(new RegExp(pattern.replace(/\\p\{\w\}/g, 'a'))));
  }
  return fc.string({ minLength: 1, maxLength: 40 });
}

const anything = fc.oneof(fc.string(), fc.jsonValue(), fc.string({ unit: 'binary' }));

function mixed(schema: Json): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 3, arbitrary: allowed(schema) }, { weight: 1, arbitrary: anything });
}

interface Operation {
  readonly parameters: readonly { name: string; in: string; schema: Json }[];
  readonly requestBody?: { content: { 'application/json': { schema: Json } } };
}

function requests(operation: Operation) {
  const inPlace = (place: string) => {
    const fields = operation.parameters.filter((parameter) => parameter.in === place);
    return fc.record(
      Object.fromEntries(fields.map(({ name, schema }) => [name, mixed(schema)])),
      place === 'path' ? {} : { requiredKeys: [] },
    );
  };
  const schema = operation.requestBody?.content['application/json'].schema;
  const body = schema === undefined ? fc.constant(undefined) : mixed(schema);
  return fc.record({ path: inPlace('path'), query: inPlace('query'), body });
}

describe('whatever is asked, nothing breaks', () => {
  let made: Rig;
  let client: Browser;
  let routes: readonly Route[] = [];
  let end = async (): Promise<void> => undefined;
  after(() => end());
  before(async () => {
    made = await rig({
      after: (whenOver) => {
        end = whenOver;
      },
    });
    client = await loggedIn(made, 'root', 'admin');
    routes = allRoutes(made.api.parts, new Map());
  });

  test('of any route', async () => {
    const statuses = new Map<number, number>();
    for (const [index, { method, path }] of routes.entries()) {
      if (streams.test(path) || entries.test(path)) continue;
      // An address of its own: nobody is slowed down for asking too much.
      const client = await loggedIn(made, `root${index}`, 'admin', `192.0.2.${index}`);
      const described = path.replaceAll(/:(\w+)/g, '{$1}');
      const operation = operationOf(routes, method, path);
      await fc.assert(
        fc.asyncProperty(requests(operation), async ({ path: fields, query, body }) => {
          const url = described.replaceAll(/\{(\w+)\}/g, (_, name) => encoded(fields[name]));
          const search = Object.entries(query).map(([name, value]) => `${name}=${encoded(value)}`);
          const payload = body === undefined ? undefined : JSON.stringify(body);
          const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
          const asked = `${url}?${search.join('&')}`;
          const { status, text } = await client.send(method, asked, payload, headers);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          // 501 and the like are no answers either; a drill can't start here, and says so.
          const honest = status < 500 || /START_FAILED/.test(text);
          assert.ok(honest, `${method} ${asked} ${payload}: ${status} ${text}`);
        }),
        { numRuns: runs },
      );
    }
    assert.deepEqual(made.lines, []);
    assert.ok((statuses.get(200) ?? 0) > runs, 'what is allowed is answered');
    assert.equal(statuses.get(429) ?? 0, 0);
    assert.equal(statuses.get(401) ?? 0, 0);
  });

  test('of live events and logs', async (t) => {
    const port = await served(t, made);
    const cookie = Object.entries(client.cookies).map(([name, value]) => `${name}=${value}`);
    for (const { method, path } of routes.filter((one) => streams.test(one.path))) {
      const operation = operationOf(routes, method, path);
      await fc.assert(
        fc.asyncProperty(requests(operation), async ({ path: fields, query }) => {
          const url = path.replaceAll(/:(\w+)/g, (_, name) => encoded(fields[name]));
          const search = Object.entries(query).map(([name, value]) => `${name}=${encoded(value)}`);
          const asked = `${url}?${search.join('&')}`;
          const status = await statusOf(port, asked, { cookie: cookie.join('; ') });
          assert.ok(status < 500, `${asked}: ${status}`);
        }),
        { numRuns: runs },
      );
    }
    assert.deepEqual(made.lines, []);
  });

  test('the description is complete: each field of each route is in it', () => {
    const { paths } = openApi(routes, '') as { paths: Record<string, Record<string, Operation>> };
    for (const { method, path, body } of routes) {
      const operation = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      const told = operation?.parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      assert.deepEqual(told, inPath, path);
      assert.equal(operation?.requestBody === undefined, body === null, path);
    }
  });

  test('answers are as the description says', async () => {
    for (const { method, path, answer, query } of routes) {
      if (method !== 'GET' || answer === null || !query.safeParse({}).success) continue;
      const url = path
        .replace(':service', 'api')
        .replace(':number', '1')
        .replace(':incident', 'i1')
        .replace(':error', 'e1');
      if (url.includes(':')) continue;
      const { status, json } = await client.send('GET', url);
      assert.equal(status, 200, url);
      answer.parse(json);
    }
  });
});

/** Whatever else comes is not waited for. */
function statusOf(port: number, path: string, headers: OutgoingHttpHeaders): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers, agent: false as const };
    const call = request(options, (response) => {
      response.on('error', () => undefined).destroy();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject).end();
  });
}

function operationOf(routes: readonly Route[], method: string, path: string): Operation {
  const paths = openApi(routes, '')['paths'] as Record<string, Record<string, Operation>>;
  const operation = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
  assert.ok(operation !== undefined, path);
  return operation;
}

/** What a person has who comes in by a route: right now and then. */
interface Right {
  readonly name: string;
  readonly password: string;
  readonly current: string;
  readonly next: string;
  readonly secret: string;
  readonly invitation: string;
}

/** A body by the schema, in which some fields are replaced by what is right. */
function withRight(operation: Operation, right: Right): fc.Arbitrary<unknown> {
  const names = fc.subarray(Object.keys(right) as (keyof Right)[]);
  return fc.tuple(requests(operation), names).map(([{ body }, replaced]) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
    const fields = replaced.filter((name) => name in body);
    return { ...body, ...Object.fromEntries(fields.map((name) => [name, right[name]])) };
  });
}

describe('whatever comes to the doors', () => {
  const routesHere = ['setup', 'login', 'register', 'accept', 'password', 'logout'];

  for (const name of routesHere) {
    test(`nothing breaks at ${name}, and nobody is shut out by it`, async (t) => {
      const made = await rig(t, { register: true });
      const { parts } = made.api;
      const routes = allRoutes(parts, new Map());
      const path = `/api/v1/auth/${name}`;
      // With an administrator there is no first one any more.
      const secret = parts.setup.text();
      if (name !== 'setup') await loggedIn(made, 'ann', 'admin');
      const right = { name: 'ann', password, current: password, next: password, secret };
      const bodies = operationOf(routes, 'POST', path);
      const invitation = parts.invitations.make('viewer', 1, 'ann').text;
      const statuses = new Set<number>();
      await fc.assert(
        fc.asyncProperty(withRight(bodies, { ...right, invitation }), async (body) => {
          const client = await clientFor(made, name);
          const payload = body === undefined ? undefined : JSON.stringify(body);
          const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
          const { status, text } = await client.send('POST', path, payload, headers);
          statuses.add(status);
          assert.ok(status < 500, `${path} ${payload}: ${status} ${text}`);
          const ann = parts.people.find('ann');
          if (name === 'password' && status === 204 && ann !== null)
            await parts.people.setPassword(ann, password, 'ann');
        }),
        { numRuns: runs },
      );
      assert.ok(name === 'logout' ? statuses.has(204) : statuses.has(400), [...statuses].join());
      assert.deepEqual(
        made.lines.filter((line) => !line.startsWith('login refused')),
        [],
      );
      // Who has failed with the own password has to wait like others: not for this here.
      if (name === 'password') await clientFor(made, name);
      if (name !== 'setup') await loggedIn(made, 'ann', 'admin');
    });
  }
});

/** A stranger, or where it takes one, somebody who is logged in and has failed at nothing. */
async function clientFor(made: Rig, route: string): Promise<Browser> {
  const client = browser(made, route === 'login' ? '192.0.2.1' : '127.0.0.1');
  if (route !== 'password' && route !== 'logout') return client;
  const { people, sessions, throttle, cookies } = made.api.parts;
  const ann = people.find('ann');
  assert.ok(ann !== null);
  throttle.takeBack({ name: 'ann', user: ann.id, address: '127.0.0.1', device: null });
  const { access } = await sessions.open(ann, { address: '127.0.0.1', agent: 'fuzz' });
  client.cookies[cookies.access] = access;
  return client;
}

function encoded(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return encodeURIComponent((text ?? '').toWellFormed());
}
