import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { stack as spec } from '../engine/stack.fixture.ts';
import { noKnowledge } from '../learn/lessons.ts';
import type { ErrorReport } from '../model/error-record.ts';
import { DarumaError } from '../model/errors.ts';
import type { PersonRequest } from '../model/event.ts';
import type { StoredRecord } from '../model/record.ts';
import type { StackView } from '../model/view.ts';
import type { ControllerApi, DrillFault, PointsApi } from '../ports/controller-api.ts';
import { buildServer, startServer } from './server.ts';

const stack: StackView = {
  name: 'shop',
  file: '/srv/shop/daruma.yaml',
  mode: 'act',
  at: 1_000,
  seq: 3,
  state: 'running',
  storeWritable: true,
  services: [
    {
      name: 'api',
      driver: 'process',
      mode: 'act',
      wanted: 'up',
      dependsOn: [],
      endpoint: null,
      instances: [
        {
          id: 'api/1',
          phase: 'ready',
          pid: 7,
          port: 8080,
          startedAt: 1,
          restarts: 0,
          routed: 'out',
          note: '',
          needsPerson: false,
        },
      ],
    },
  ],
  openIncidents: [],
};

function stored(seq: number): StoredRecord {
  return { seq, record: { at: seq, kind: 'looking' }, unrecorded: false };
}

const nothing = () => Promise.reject(new DarumaError('NOT_FOUND', 'no recovery points'));
const noPoints: PointsApi = {
  ...{ underWay: () => [], make: nothing, list: nothing, plan: nothing },
  ...{ drill: nothing, verify: nothing, prune: nothing },
};

/** A controller that notes down what it is asked. */
function fakeController() {
  const asked: (PersonRequest | DrillFault | ErrorReport)[] = [];
  const listeners = new Set<(record: StoredRecord) => void>();
  const log = [stored(1), stored(2), stored(3)];
  const api: ControllerApi = {
    version: '1.2.3',
    pid: 42,
    view: () => stack,
    configuration: () => ({ spec: spec([]), sources: {}, readAt: 1 }),
    incidents: () => [],
    incident: () => null,
    incidentLogs: () => [],
    records: async (after, limit) => log.filter(({ seq }) => seq > after).slice(0, limit),
    follow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    request: async (_by, request) => {
      if (request.kind === 'start') throw new DarumaError('NOT_FOUND', 'no such service');
      asked.push(request);
      return 'done';
    },
    knowledge: noKnowledge,
    learned: () => ({ services: [], detectors: [] }),
    signals: () => [],
    history: async () => [],
    errors: async () => [],
    error: async () => null,
    markError: async (id) => id === 'known',
    reportError: (report) => asked.push(report),
    inject: async (fault) => {
      asked.push(fault);
      return null;
    },
    detach: async () => undefined,
    points: noPoints,
    notifications: { targets: () => [], test: async () => [] },
  };
  const publish = (record: StoredRecord): void => {
    log.push(record);
    for (const listener of listeners) listener(record);
  };
  return { api, asked, publish, listeners };
}

function build() {
  const controller = fakeController();
  const options = { api: controller.api, host: 'alpha', log: () => undefined };
  return { ...controller, options, server: buildServer(options) };
}

describe('routes', () => {
  const answers: readonly (readonly [string, string, object | undefined, number])[] = [
    ['GET', '/healthz', undefined, 200],
    ['GET', '/v1/version', undefined, 200],
    ['GET', '/v1/stack', undefined, 200],
    ['GET', '/v1/configuration', undefined, 200],
    ['GET', '/v1/incidents?limit=5', undefined, 200],
    ['GET', '/v1/incidents?limit=none', undefined, 400],
    ['GET', '/v1/incidents/i7', undefined, 404],
    ['GET', '/v1/incidents/seven', undefined, 400],
    ['GET', '/v1/incidents/i7/logs', undefined, 200],
    ['GET', '/v1/incidents/seven/logs', undefined, 400],
    ['GET', '/v1/records?after=1', undefined, 200],
    ['GET', '/v1/records?after=-1', undefined, 400],
    ['GET', '/v1/signals?service=api', undefined, 200],
    ['GET', '/v1/signals/history?of=api&from=1&to=2&signals=cpu', undefined, 200],
    ['GET', '/v1/signals/history?of=api', undefined, 400],
    ['GET', '/v1/nothing', undefined, 404],
    ['POST', '/v1/requests', { by: 'eve', request: { kind: 'down' } }, 200],
    ['POST', '/v1/requests', { by: 'eve', request: { kind: 'start', target: 'db' } }, 404],
    ['POST', '/v1/requests', { by: 'eve', request: { kind: 'dance' } }, 400],
    ['POST', '/v1/requests', { request: { kind: 'down' } }, 400],
    ['POST', '/v1/drill', { kind: 'signal', instance: 'api/1', signal: 'SIGKILL' }, 200],
    ['POST', '/v1/drill', { kind: 'signal', instance: 'api', signal: 'SIGKILL' }, 400],
    ['POST', '/v1/errors', { code: 'E1', message: 'bad' }, 202],
    ['POST', '/v1/errors', { code: 'E1', message: 'bad', instance: 'api/1' }, 202],
    ['POST', '/v1/errors', { code: 'E1', message: 'bad', service: 'other' }, 404],
    ['POST', '/v1/errors', { code: 'E1', message: 'bad', instance: 'api/2' }, 404],
    ['POST', '/v1/errors', { code: 'not a code', message: 'bad' }, 400],
    ['POST', '/v1/errors', { code: 'E1', message: 'x'.repeat(70_000) }, 400],
    ['POST', '/v1/errors/known/ack', { by: 'eve' }, 204],
    ['POST', '/v1/errors/other/ack', { by: 'eve' }, 404],
    ['POST', '/v1/errors/known/mute', { by: 'eve', until: null }, 204],
    ['POST', '/v1/errors/known/mute', { by: 'eve' }, 400],
    ['POST', '/v1/errors/known/unmute', { by: 'eve' }, 204],
    ['GET', '/v1/errors/other', undefined, 404],
    ['POST', '/v1/errors', { code: 'E1', message: 'bad', stack: 'at x', release: '1.2' }, 202],
    ['POST', '/v1/errors', { code: 'E1', message: 'bad', release: 'a\nb' }, 400],
  ];
  for (const [method, url, payload, status] of answers) {
    const shown = JSON.stringify(payload)?.slice(0, 80) ?? '';
    test(`${method} ${url} ${shown} → ${status}`, async () => {
      const { server } = build();
      const body = payload === undefined ? {} : { payload };
      const response = await server.inject({ method: method as 'GET' | 'POST', url, ...body });
      assert.equal(response.statusCode, status);
      if (status < 400) return;
      assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8');
      assert.equal(response.json().status, status);
    });
  }

  test('an error of an application carries its origin and the stack time', async () => {
    const { server, asked } = build();
    const payload = { code: 'E1', message: 'm'.repeat(5_000), instance: 'api/1' };
    await server.inject({ method: 'POST', url: '/v1/errors', payload });
    const origin = { service: 'api', instance: 'api/1', host: 'alpha' };
    const message = 'm'.repeat(4_000);
    assert.deepEqual(asked, [{ at: 1_000, code: 'E1', message, origin, source: 'application' }]);
  });

  test('an unexpected error is told as INTERNAL', async () => {
    const { server, api } = build();
    Object.assign(api, {
      view: () => {
        throw new Error('broken');
      },
    });
    const response = await server.inject({ url: '/v1/stack' });
    assert.equal(response.statusCode, 500);
    assert.equal(response.json().code, 'INTERNAL');
  });
});

test('the socket is private; follow sends the log, then what is new, until close', async () => {
  const { options, publish, listeners } = build();
  const dir = mkdtempSync(join(tmpdir(), 'daruma-server-'));
  const socket = join(dir, 'control.sock');
  const server = await startServer({ ...options, socket });
  try {
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const lines: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const call = httpRequest({ socketPath: socket, path: '/v1/follow?after=1' }, (response) => {
        const reader = createInterface(response);
        reader.on('line', (line) => {
          if (line === '') return;
          lines.push(JSON.parse(line).seq);
          if (lines.length === 2) publish(stored(4));
          if (lines.length === 3) void server.close();
        });
        reader.on('close', resolve);
      });
      call.on('error', reject).end();
    });
    assert.deepEqual(lines, [2, 3, 4]);
    assert.equal(listeners.size, 0);
  } finally {
    await server.close();
    rmSync(dir, { recursive: true });
  }
});
