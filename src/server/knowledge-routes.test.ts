import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import fastify from 'fastify';
import { anyKnowledge } from '../learn/knowledge.fixture.ts';
import { noKnowledge } from '../learn/lessons.ts';
import type { PersonRequest } from '../model/event.ts';
import type { ControllerApi } from '../ports/controller-api.ts';
import { addKnowledgeRoutes } from './knowledge-routes.ts';
import { sendProblem } from './problem.ts';

function build() {
  const asked: PersonRequest[] = [];
  const api = {
    knowledge: noKnowledge,
    learned: () => ({ services: [], detectors: [] }),
    request: async (_by: string, request: PersonRequest) => {
      asked.push(request);
      return 'done';
    },
  } as unknown as ControllerApi;
  const server = fastify();
  server.setErrorHandler((error, _request, reply) => sendProblem(reply, error));
  addKnowledgeRoutes(server, api);
  return { server, asked };
}

async function post(url: string, payload: object) {
  const { server, asked } = build();
  const response = await server.inject({ method: 'POST', url, payload });
  return { status: response.statusCode, detail: response.json().detail as string, asked };
}

describe('an import', () => {
  const table: readonly [string, object, string][] = [
    ['another version', { version: 2 }, 'knowledge.version: '],
    ['no stack', { stack: undefined }, 'knowledge.stack: '],
    [
      'a fault there is not',
      { services: api({ faults: { crsh: 1 } }) },
      'knowledge.services.api.faults: ',
    ],
    [
      'a negative count',
      { services: api({ faults: { crash: -1 } }) },
      'knowledge.services.api.faults.crash: ',
    ],
    [
      'half a case',
      { services: api({ faults: { crash: 0.5 } }) },
      'knowledge.services.api.faults.crash: ',
    ],
    ['a word too many', { services: api({ colour: 'red' }) }, 'knowledge.services.api: '],
    [
      'more of a kind than hits',
      {
        services: api({
          detectors: {
            health: {
              byFault: { hang: { hits: 1, misses: 0, kinds: { 'health-timeout': 2 } } },
              falseAlarms: 0,
            },
          },
        }),
      },
      'knowledge.services.api.detectors.health.byFault.hang: no kind may have more cases',
    ],
  ];
  for (const [name, wrong, expected] of table) {
    test(`with ${name} is refused, and the place is named`, async () => {
      const knowledge = { ...noKnowledge(), ...wrong };
      const { status, detail, asked } = await post('/v1/knowledge', { by: 'eve', knowledge });
      assert.equal(status, 400);
      assert.ok(detail.startsWith(expected), detail);
      assert.deepEqual(asked, []);
    });
  }

  test('of what was exported is taken', async () => {
    await fc.assert(
      fc.asyncProperty(anyKnowledge(['api']), async (knowledge) => {
        const possible = structuredClone(knowledge);
        for (const service of Object.values(possible.services)) service.detectors = {};
        const { status, asked } = await post('/v1/knowledge', { by: 'eve', knowledge: possible });
        assert.equal(status, 200);
        assert.deepEqual(asked, [{ kind: 'import-knowledge', knowledge: possible }]);
      }),
      { numRuns: 20 },
    );
  });
});

function api(rest: object) {
  const nothing = { durations: {}, passedOn: {}, detectors: {} };
  return { api: { ...noKnowledge().stack, ...nothing, ...rest } };
}

test('drills are announced, with a fault that there is', async () => {
  const drill = { by: 'eve', instance: 'api/1', fault: 'crash' };
  assert.deepEqual((await post('/v1/drill/begin', drill)).asked, [
    { kind: 'drill-begin', instance: 'api/1', fault: 'crash' },
  ]);
  assert.equal((await post('/v1/drill/begin', { ...drill, fault: 'kill' })).status, 400);
  assert.deepEqual((await post('/v1/drill/end', { by: 'eve', instance: 'api/1' })).asked, [
    { kind: 'drill-end', instance: 'api/1' },
  ]);
});

test('a reset names who asked', async () => {
  assert.equal((await post('/v1/knowledge/reset', {})).status, 400);
  const { asked } = await post('/v1/knowledge/reset', { by: 'eve' });
  assert.deepEqual(asked, [{ kind: 'reset-knowledge' }]);
});

test('what was learned can be read', async () => {
  const { server } = build();
  assert.deepEqual((await server.inject({ url: '/v1/knowledge' })).json(), noKnowledge());
  assert.equal((await server.inject({ url: '/v1/learned' })).statusCode, 200);
});
