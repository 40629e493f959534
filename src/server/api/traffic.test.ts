import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComponentId } from '../../model/ids.ts';
import { trafficOf } from './traffic.ts';

const sample = (component: ComponentId, signal: string, value: number) => ({
  at: 1,
  component,
  signal: `endpoint.${signal}`,
  value,
});

test('traffic is summed over the instances of a service', () => {
  const samples = [
    sample('api/1', 'connections', 2),
    sample('api/1', 'requests', 10.5),
    sample('api/2', 'connections', 3),
    sample('api/2', 'requests', 0.5),
    sample('db/1', 'connections', 4),
    sample('db/2', 'connections', 0),
  ];
  assert.deepEqual(trafficOf(samples), [
    { service: 'api', requests: 11, connections: 5 },
    { service: 'db', requests: null, connections: 4 },
  ]);
});
