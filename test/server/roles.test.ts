/** Each role against every route: who may do what is written here once more, by hand. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { allRoutes } from '../../src/server/api/app.ts';
import { type Browser, browser, loggedIn, type Rig, rig } from './rig.ts';

type Who = 'nobody' | 'metrics' | 'viewer' | 'operator' | 'admin';

const everybody: readonly Who[] = ['nobody', 'metrics', 'viewer', 'operator', 'admin'];
const scraping: readonly Who[] = ['metrics', 'viewer', 'operator', 'admin'];
const reading: readonly Who[] = ['viewer', 'operator', 'admin'];
const acting: readonly Who[] = ['operator', 'admin'];
const ruling: readonly Who[] = ['admin'];

const service = '/api/v1/services/:service';
const instance = `${service}/instances/:number`;

/** Who is let in; `person`: but no API token. */
const table: Readonly<Record<string, readonly [readonly Who[], 'person'?]>> = {
  'GET /healthz': [everybody],
  'GET /readyz': [everybody],
  'GET /metrics': [scraping],
  'GET /api/v1/auth': [everybody],
  'POST /api/v1/auth/setup': [everybody],
  'POST /api/v1/auth/login': [everybody],
  'POST /api/v1/auth/register': [everybody],
  'POST /api/v1/auth/accept': [everybody],
  'POST /api/v1/auth/refresh': [everybody],
  'POST /api/v1/auth/logout': [reading, 'person'],
  'POST /api/v1/auth/password': [reading, 'person'],
  'GET /api/v1/stack': [reading],
  'GET /api/v1/services': [reading],
  [`GET ${service}`]: [reading],
  'GET /api/v1/configuration': [ruling],
  'GET /api/v1/signals': [reading],
  'GET /api/v1/signals/history': [reading],
  'GET /api/v1/traffic': [reading],
  'GET /api/v1/availability': [reading],
  'GET /api/v1/incidents': [reading],
  'GET /api/v1/incidents/:incident': [reading],
  'GET /api/v1/incidents/:incident/logs': [reading],
  'GET /api/v1/records': [reading],
  'GET /api/v1/errors': [reading],
  'GET /api/v1/errors/:error': [reading],
  'GET /api/v1/stream': [reading],
  [`GET ${instance}/logs`]: [reading],
  [`GET ${instance}/logs/stream`]: [reading],
  'POST /api/v1/stack/up': [acting],
  'POST /api/v1/stack/reset': [acting],
  'POST /api/v1/stack/down': [ruling],
  [`POST ${service}/start`]: [acting],
  [`POST ${service}/stop`]: [acting],
  [`POST ${service}/restart`]: [acting],
  [`POST ${service}/reset`]: [acting],
  [`POST ${service}/switchover`]: [acting],
  [`POST ${service}/maintenance`]: [acting],
  [`POST ${service}/maintenance/end`]: [acting],
  [`POST ${instance}/start`]: [acting],
  [`POST ${instance}/stop`]: [acting],
  [`POST ${instance}/restart`]: [acting],
  [`POST ${instance}/reset`]: [acting],
  'POST /api/v1/incidents/:incident/approve': [acting],
  'POST /api/v1/incidents/:incident/reject': [acting],
  'POST /api/v1/errors/:error/acknowledge': [acting],
  'POST /api/v1/errors/:error/mute': [acting],
  'POST /api/v1/errors/:error/unmute': [acting],
  'GET /api/v1/knowledge': [reading],
  'GET /api/v1/knowledge/export': [reading],
  'POST /api/v1/knowledge/import': [ruling],
  'POST /api/v1/knowledge/reset': [ruling],
  'GET /api/v1/drills': [reading],
  'GET /api/v1/drills/:drill': [reading],
  'POST /api/v1/drills': [acting],
  'GET /api/v1/notifications': [acting],
  'POST /api/v1/notifications/test': [acting],
  [`GET ${service}/points`]: [reading],
  'GET /api/v1/points/jobs': [reading],
  [`POST ${service}/points`]: [acting],
  [`POST ${service}/points/drill`]: [acting],
  [`POST ${service}/points/verify`]: [acting],
  [`POST ${service}/points/prune`]: [ruling],
  [`POST ${service}/restore/plan`]: [acting],
  [`POST ${service}/restore`]: [ruling],
  [`POST ${service}/restore/confirm`]: [ruling],
  [`POST ${service}/restore/undo`]: [ruling],
  'GET /api/v1/sessions': [reading, 'person'],
  'DELETE /api/v1/sessions/:id': [reading, 'person'],
  'GET /api/v1/tokens': [reading, 'person'],
  'POST /api/v1/tokens': [reading, 'person'],
  'DELETE /api/v1/tokens/:id': [reading, 'person'],
  'GET /api/v1/people': [ruling, 'person'],
  'PATCH /api/v1/people/:name': [ruling, 'person'],
  'DELETE /api/v1/people/:name': [ruling, 'person'],
  'GET /api/v1/invitations': [ruling, 'person'],
  'POST /api/v1/invitations': [ruling, 'person'],
  'DELETE /api/v1/invitations/:id': [ruling, 'person'],
};

const scopeOf = {
  metrics: 'metrics',
  viewer: 'read',
  operator: 'operate',
  admin: 'admin',
} as const;
/** They answer for as long as one listens. */
const streams = /\/stream$/;

describe('who may do what', () => {
  let made: Rig;
  const people = new Map<Who, Browser>();
  const tokens = new Map<Who, string>();

  let end = async (): Promise<void> => undefined;
  after(() => end());

  before(async () => {
    made = await rig({
      after: (whenOver) => {
        end = whenOver;
      },
    });
    const admin = await loggedIn(made, 'root', 'admin');
    for (const who of ['viewer', 'operator', 'admin'] as const) {
      people.set(who, await loggedIn(made, `${who}1`, who));
    }
    for (const who of ['metrics', 'viewer', 'operator', 'admin'] as const) {
      const body = { label: who, scope: scopeOf[who], days: 1 };
      const { json } = await admin.send('POST', '/api/v1/tokens', body);
      tokens.set(who, json.text);
    }
  });

  test('every route is in the table, and nothing else', () => {
    const routes = allRoutes(made.api.parts, new Map());
    const names = routes.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(names.sort(), Object.keys(table).sort());
  });

  for (const [name, [allowed, personal]] of Object.entries(table)) {
    const [method = '', path = ''] = name.split(' ');
    const url = path
      .replace(':service', 'api')
      .replace(':number', '1')
      .replace(':incident', 'i1')
      .replace(/:\w+/, '1');
    const tokensToo = personal === undefined ? '' : '; no tokens';
    test(`${name}: ${allowed.join(', ')}${tokensToo}`, async () => {
      for (const who of everybody) {
        const byToken = tokens.get(who);
        const ways: (readonly [Browser, object, boolean])[] = [];
        const own = people.get(who);
        if (own !== undefined) ways.push([own, {}, true]);
        if (byToken !== undefined) {
          ways.push([browser(made), { authorization: `Bearer ${byToken}` }, false]);
        }
        if (who === 'nobody') ways.push([browser(made), {}, false]);
        for (const [client, headers, isPerson] of ways) {
          const mayIn = allowed.includes(who) && (isPerson || personal === undefined);
          if (mayIn && streams.test(path)) continue;
          // Malformed on purpose: whoever is let in is told so, and nothing is done.
          const query = mayIn && path.startsWith('/api/') ? '?no-such-field=1' : '';
          const { status } = await client.send(method, `${url}${query}`, undefined, headers);
          const shown = `${who} ${isPerson ? 'as a person' : 'by token'}: ${status}`;
          if (mayIn) assert.ok(status === 400 || status === 200, shown);
          else assert.equal(status, who === 'nobody' ? 401 : 403, shown);
        }
      }
    });
  }

  test('nothing was done by any of it', () => {
    assert.deepEqual(made.stack.acts(), []);
    assert.deepEqual(made.drills, []);
  });
});
