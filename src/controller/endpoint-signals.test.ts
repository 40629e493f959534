import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalNames } from '../detect/signal-names.ts';
import type { EndpointStats } from '../ports/endpoints.ts';
import { EndpointSignals } from './endpoint-signals.ts';

function stats(requests: number, p99: number | null): EndpointStats {
  return {
    service: 'api',
    instance: 'api/1',
    connections: 2,
    accepted: 9,
    refused: 0,
    connectSeconds: null,
    http: {
      requests,
      statusClasses: { '1xx': 0, '2xx': requests - 1, '3xx': 0, '4xx': 0, '5xx': 1 },
      unanswered: 0,
      latencySeconds: { p50: null, p95: null, p99 },
    },
  };
}

function values(samples: readonly { signal: string; value: number }[]) {
  return Object.fromEntries(samples.map(({ signal, value }) => [signal, value]));
}

test('counts become rates from the second time on; all have names that expressions know', () => {
  const signals = new EndpointSignals();
  assert.deepEqual(values(signals.next([stats(10, 0.5)], [], 1_000).samples), {
    'endpoint.connections': 2,
    'endpoint.latency.p99': 0.5,
  });
  const second = values(signals.next([stats(30, null)], [], 3_000).samples);
  assert.equal(second['endpoint.requests'], 10);
  assert.equal(second['endpoint.status_2xx'], 10);
  assert.equal(second['endpoint.status_5xx'], 0);
  for (const name of Object.keys(second)) assert.ok(signalNames.includes(name), name);
});

test('an endpoint process that began anew gives no rates at first', () => {
  const signals = new EndpointSignals();
  signals.next([stats(100, null)], [], 1_000);
  const { samples } = signals.next([stats(5, null)], [], 2_000);
  assert.deepEqual(values(samples), { 'endpoint.connections': 2 });
});

test('what is not known any more has ended', () => {
  const signals = new EndpointSignals();
  signals.next([stats(10, 0.5)], [], 1_000);
  const names = (ended: readonly { readonly signal: string }[]) => ended.map((one) => one.signal);
  const quiet = signals.next([stats(10, null)], [], 2_000);
  assert.deepEqual(names(quiet.ended), ['endpoint.latency.p99']);
  assert.deepEqual(signals.next([stats(10, null)], [], 3_000).ended, []);
  const gone = signals.next([], [], 4_000);
  assert.ok(names(gone.ended).includes('endpoint.connections'));
  assert.ok(names(gone.ended).includes('endpoint.requests'));
});

test('who is held is a signal of the service', () => {
  const held = [{ service: 'db', connections: 3, longestSeconds: 0.25 }];
  const { samples } = new EndpointSignals().next([], held, 1_000);
  assert.deepEqual(values(samples), { 'endpoint.held': 3, 'endpoint.held_longest': 0.25 });
  assert.deepEqual([...new Set(samples.map(({ component }) => component))], ['db']);
});
