/**
 * What the command line does, the API does too, and says the same of what is wrong. Both tables are
 * written by hand: whoever adds a command, a route of the socket or of the API meets them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Command } from 'commander';
import fastify from 'fastify';
import { z } from 'zod';
import { createProgram } from '../../src/cli/index.ts';
import { errorTable } from '../../src/model/errors.ts';
import type { ControllerApi } from '../../src/ports/controller-api.ts';
import { allRoutes } from '../../src/server/api/app.ts';
import type { Problem } from '../../src/server/problem.ts';
import { addRoutes } from '../../src/server/routes.ts';
import { personRequest } from '../../src/server/schemas.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from '../scenarios/harness.ts';
import { loggedIn, password, rig } from './rig.ts';

const one = '/api/v1/services/:service';
const instance = `${one}/instances/:number`;
const acts = (kind: string) => [`POST ${one}/${kind}`, `POST ${instance}/${kind}`];
const state = ['GET /api/v1/stack', 'GET /api/v1/services', `GET ${one}`];
const logs = [`GET ${instance}/logs`, `GET ${instance}/logs/stream`];
const drills = ['POST /api/v1/drills', 'GET /api/v1/drills', 'GET /api/v1/drills/:drill'];
const people = ['GET /api/v1/people'];

/** Needs the machine's files or terminal, and no stack that runs. */
const local: readonly string[] = [];

/** By which routes whoever has no command line does the same. */
const commands: Readonly<Record<string, readonly string[]>> = {
  // A changed stack file is a file of the machine: who may write it has the command line.
  up: ['POST /api/v1/stack/up', 'GET /api/v1/configuration'],
  attach: ['GET /api/v1/stream'],
  ps: state,
  logs,
  events: ['GET /api/v1/records', 'GET /api/v1/stream'],
  incidents: ['GET /api/v1/incidents'],
  explain: ['GET /api/v1/incidents/:incident', 'GET /api/v1/incidents/:incident/logs'],
  errors: ['GET /api/v1/errors'],
  'errors show': ['GET /api/v1/errors/:error'],
  'errors ack': ['POST /api/v1/errors/:error/acknowledge'],
  'errors mute': ['POST /api/v1/errors/:error/mute'],
  'errors unmute': ['POST /api/v1/errors/:error/unmute'],
  notify: ['GET /api/v1/notifications'],
  'notify test': ['POST /api/v1/notifications/test'],
  availability: ['GET /api/v1/availability'],
  top: ['GET /api/v1/signals', 'GET /api/v1/traffic'],
  signals: ['GET /api/v1/signals/history'],
  knowledge: ['GET /api/v1/knowledge'],
  'knowledge show': ['GET /api/v1/knowledge'],
  'knowledge export': ['GET /api/v1/knowledge/export'],
  'knowledge import': ['POST /api/v1/knowledge/import'],
  'knowledge reset': ['POST /api/v1/knowledge/reset'],
  detectors: ['GET /api/v1/knowledge'],
  down: ['POST /api/v1/stack/down'],
  start: acts('start'),
  stop: acts('stop'),
  restart: acts('restart'),
  reset: [...acts('reset'), 'POST /api/v1/stack/reset'],
  approve: ['POST /api/v1/incidents/:incident/approve'],
  reject: ['POST /api/v1/incidents/:incident/reject'],
  switchover: [`POST ${one}/switchover`],
  maintenance: [`POST ${one}/maintenance`, `POST ${one}/maintenance/end`],
  points: [`GET ${one}/points`, 'GET /api/v1/points/jobs'],
  backup: [`POST ${one}/points`],
  prune: [`POST ${one}/points/prune`],
  'restore-drill': [`POST ${one}/points/drill`],
  restore: ['/plan', '', '/confirm', '/undo'].map((step) => `POST ${one}/restore${step}`),
  'vault verify': [`POST ${one}/points/verify`],
  // It needs the private key, which is on no server.
  'vault rekey': local,
  // `--all` does one after the other.
  drill: drills,
  // Load of its own against the service, by its address.
  'drill ledger': local,
  simulate: local,
  check: local,
  schema: local,
  init: local,
  import: local,
  install: local,
  eject: local,
  completion: local,
  console: ['GET /api/v1/auth', 'POST /api/v1/auth/setup'],
  user: people,
  'user list': people,
  // Nobody types another's password into a page: who is invited chooses one.
  'user add': ['POST /api/v1/invitations', 'POST /api/v1/auth/accept'],
  'user invite': ['POST /api/v1/invitations'],
  'user role': ['PATCH /api/v1/people/:name'],
  'user password': ['POST /api/v1/auth/password'],
  'user remove': ['DELETE /api/v1/people/:name'],
  nagios: ['GET /healthz', 'GET /readyz', 'GET /metrics'],
};

/** What is of a person who came in by the network: the owner of the machine has no such thing. */
const ofPeople = /\/(auth|sessions|tokens|invitations)(\/|$)/;

/** Every route of the controller's socket, and those of the API that ask it. */
const socket: Readonly<Record<string, readonly string[]>> = {
  'GET /healthz': ['GET /healthz'],
  'GET /v1/version': ['GET /readyz'],
  'GET /v1/stack': state,
  'GET /v1/configuration': ['GET /api/v1/configuration'],
  'GET /v1/incidents': ['GET /api/v1/incidents'],
  'GET /v1/incidents/:id': ['GET /api/v1/incidents/:incident'],
  'GET /v1/incidents/:id/logs': ['GET /api/v1/incidents/:incident/logs'],
  'GET /v1/records': ['GET /api/v1/records'],
  'GET /v1/follow': ['GET /api/v1/stream'],
  'GET /v1/signals': ['GET /api/v1/signals'],
  'GET /v1/signals/history': ['GET /api/v1/signals/history'],
  'POST /v1/requests': ['POST /api/v1/stack/up', ...acts('start')],
  'GET /v1/errors': ['GET /api/v1/errors'],
  'GET /v1/errors/:id': ['GET /api/v1/errors/:error'],
  'POST /v1/errors/:id/ack': ['POST /api/v1/errors/:error/acknowledge'],
  'POST /v1/errors/:id/mute': ['POST /api/v1/errors/:error/mute'],
  'POST /v1/errors/:id/unmute': ['POST /api/v1/errors/:error/unmute'],
  'GET /v1/knowledge': ['GET /api/v1/knowledge/export'],
  'GET /v1/learned': ['GET /api/v1/knowledge'],
  'POST /v1/knowledge': ['POST /api/v1/knowledge/import'],
  'POST /v1/knowledge/reset': ['POST /api/v1/knowledge/reset'],
  'GET /v1/notifications': ['GET /api/v1/notifications'],
  'POST /v1/notifications/test': ['POST /api/v1/notifications/test'],
  'GET /v1/points': [`GET ${one}/points`],
  'GET /v1/points/jobs': ['GET /api/v1/points/jobs'],
  'POST /v1/points': [`POST ${one}/points`],
  'POST /v1/points/plan': [`POST ${one}/restore/plan`],
  'POST /v1/points/drill': [`POST ${one}/points/drill`],
  'POST /v1/points/verify': [`POST ${one}/points/verify`],
  'POST /v1/points/prune': [`POST ${one}/points/prune`],
  // Steps of a drill, which the API has as one.
  'POST /v1/drill': drills,
  'POST /v1/drill/begin': drills,
  'POST /v1/drill/end': drills,
  // Applications report by a way of their own; a controller ends for the keeper's sake only.
  'POST /v1/errors': local,
  'POST /v1/detach': local,
};

function leavesOf(command: Command, before: readonly string[]): string[] {
  return command.commands.flatMap((sub) => {
    const path = [...before, sub.name()];
    // A group without an action of its own does nothing but tell its commands.
    const own = sub.commands.length === 0 || groups.includes(path.join(' '));
    return [...(own ? [path.join(' ')] : []), ...leavesOf(sub, path)];
  });
}

/** Commands that do something themselves, and have commands too. */
const groups = ['errors', 'notify', 'knowledge', 'drill', 'user'];

describe('the lists', () => {
  test('each command is in the table, and each act of the API is a command’s', async (t) => {
    const silent = { write: () => true } as unknown as NodeJS.WritableStream;
    const io = { out: silent, err: silent } as never;
    const program = createProgram('1', io, () => async () => undefined);
    assert.deepEqual(leavesOf(program, []).sort(), Object.keys(commands).sort());
    const routes = allRoutes((await rig(t)).api.parts, new Map());
    const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
    const names = new Set(routes.map(nameOf));
    const meant = [...Object.values(commands), ...Object.values(socket)].flat();
    assert.deepEqual(
      meant.filter((name) => !names.has(name)),
      [],
      'routes that there are not',
    );
    const byCommand = new Set(Object.values(commands).flat());
    const unmatched = routes.filter(
      (one) => !byCommand.has(nameOf(one)) && !ofPeople.test(one.path),
    );
    assert.deepEqual(unmatched.map(nameOf), [], 'done by the API only');
  });

  test('each route of the socket, which the command line uses, is one of the API too', async () => {
    const found = new Set<string>();
    const server = fastify({ exposeHeadRoutes: false });
    server.addHook('onRoute', ({ method, url }) => void found.add(`${method} ${url}`));
    const api = { points: {}, notifications: {} } as unknown as ControllerApi;
    addRoutes(server, { api, host: 'alpha', log: () => undefined });
    await server.close();
    assert.deepEqual([...found].sort(), Object.keys(socket).sort());
  });

  test('each request that the socket takes is one that the API sends', async (t) => {
    const made = await rig(t);
    const admin = await loggedIn(made, 'ann', 'admin');
    for (const [path, body] of requests) {
      const { status, text } = await admin.send('POST', `/api/v1/${path}`, body);
      assert.ok(status < 300, `${path}: ${text}`);
    }
    const kinds = personRequest.shape.request.options.flatMap(({ shape }) => kindsOf(shape.kind));
    const sent = () => [...new Set(made.stack.asked.map(({ request }) => request.kind))];
    // What takes the API down too is sent a moment after it was answered.
    await until('all is sent', async () => sent().includes('down'));
    assert.deepEqual(sent().sort(), kinds.sort());
  });
});

const plan = {
  ...{ service: 'api', point: 'p1', target: { kind: 'latest' }, to: 1 },
  ...{ lossMs: 0, dataBytes: 0, expectedMs: null },
};
const requests: readonly (readonly [string, object?])[] = [
  ['stack/up'],
  ['services/api/start'],
  ['services/api/stop'],
  ['services/api/restart'],
  ['services/api/reset'],
  ['services/api/switchover', {}],
  ['services/api/maintenance', { untilHealthy: true }],
  ['services/api/maintenance/end'],
  ['services/api/restore', { plan }],
  ['services/api/restore/confirm'],
  ['services/api/restore/undo'],
  ['incidents/i1/approve'],
  ['incidents/i1/reject'],
  ['stack/down'],
];

function kindsOf(kind: z.ZodLiteral<string> | z.ZodEnum): readonly string[] {
  return kind instanceof z.ZodEnum ? kind.options.map(String) : [...kind.values];
}

/** Of a real stack, by a command and by a request. */
type Wrong = readonly [command: string, method: 'GET' | 'POST', path: string, body?: object];

const hour = { forMs: 3_600_000, untilHealthy: false };
const wrong: readonly Wrong[] = [
  ['start nosuch', 'POST', 'services/nosuch/start'],
  ['stop api/9', 'POST', 'services/api/instances/9/stop'],
  ['restart nosuch', 'POST', 'services/nosuch/restart'],
  ['reset nosuch', 'POST', 'services/nosuch/reset'],
  ['approve i99 --yes', 'POST', 'incidents/i99/approve'],
  ['reject i99', 'POST', 'incidents/i99/reject'],
  ['switchover api', 'POST', 'services/api/switchover', {}],
  ['maintenance nosuch --for 1h', 'POST', 'services/nosuch/maintenance', hour],
  ['maintenance api --end', 'POST', 'services/api/maintenance/end'],
  ['errors show nosuch', 'GET', 'errors/nosuch'],
  ['errors ack nosuch', 'POST', 'errors/nosuch/acknowledge'],
  ['errors unmute nosuch', 'POST', 'errors/nosuch/unmute'],
  ['explain i99', 'GET', 'incidents/i99'],
  ['notify test nobody', 'POST', 'notifications/test', { target: 'nobody' }],
  ['points api', 'GET', 'services/api/points'],
  ['backup api', 'POST', 'services/api/points', {}],
  ['restore-drill api', 'POST', 'services/api/points/drill', {}],
  ['vault verify api', 'POST', 'services/api/points/verify', {}],
  ['drill kill nosuch', 'POST', 'drills', { fault: 'kill', target: 'nosuch' }],
  ['logs nosuch/1', 'GET', 'services/nosuch/instances/1/logs'],
  ['availability nosuch', 'GET', 'availability?service=nosuch'],
  ['signals nosuch', 'GET', 'signals/history?of=nosuch&from=0'],
];

/** They look before they ask, and say in words of their own what there is instead. */
const looksFirst = /^(approve|points|backup|restore-drill|vault|logs|availability) /;

test('the command line and the API say the same of what is wrong', async (t) => {
  const services = { api: { command: ['sleep', '100000'] } };
  const stack = { name: 'shop', console: { address: await freePort() }, services };
  const made = await bench(t, JSON.stringify(stack));
  await made.up();
  const call = await byToken(made);
  for (const [command, method, path, body] of wrong) {
    const { code, stderr } = await made.daruma(...command.split(' '));
    const answer = await call(method, path, body);
    const problem = (await answer.json()) as Problem;
    assert.ok(answer.status >= 400, `${path}: ${JSON.stringify(problem)}`);
    const said = `daruma: ${problem.detail}\n${problem.title}\n`;
    const seen = looksFirst.test(command)
      ? stderr.replace(/.*/, `daruma: ${problem.detail}`)
      : stderr;
    assert.deepEqual([seen, code], [said, errorTable[problem.code].exit], command);
  }
});

/** As an operator's program. */
async function byToken(made: Bench) {
  const { url, setup } = await made.json<{ url: string; setup: string }>('console');
  const json = { 'content-type': 'application/json' };
  const send = (method: string, path: string, headers: object, body?: object) =>
    fetch(`${url}api/v1/${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : json) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const origin = url.slice(0, -1);
  const secret = setup.split('#')[1];
  const entered = await send('POST', 'auth/setup', { origin }, { name: 'ann', password, secret });
  const cookie = entered.headers.getSetCookie().map((one) => one.split(';')[0]);
  const asked = { label: 'test', scope: 'operate', days: 1 };
  const answer = await send('POST', 'tokens', { origin, cookie: cookie.join('; ') }, asked);
  const { text } = (await answer.json()) as { text: string };
  const authorization = `Bearer ${text}`;
  return (method: string, path: string, body?: object) =>
    send(method, path, { authorization }, body);
}
