import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitsSpec, ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import { withWatchedLimits } from './watched-limits.ts';

const held = { memory: 'cgroup v2', cpu: 'cgroup v2', pids: 'cgroup v1' } as const;
const nobody = { memory: null, cpu: null, pids: null };
const own = {
  kind: 'log',
  name: 'own',
  pattern: 'x',
  count: 1,
  withinMs: 1,
  quietMs: 1,
  faults: [],
};

/** What is made of the symptoms of a service with these limits. */
function symptoms(limits: LimitsSpec, enforced: Parameters<typeof withWatchedLimits>[1]) {
  const service = { name: 'api', limits, symptoms: [own] } as unknown as ServiceSpec;
  const spec = { name: 'shop', services: [service] } as unknown as StackSpec;
  return withWatchedLimits(spec, enforced).services[0]?.symptoms;
}

test('limits that nobody holds to are watched', () => {
  const limits = { memoryBytes: 300 * 2 ** 20, pids: 50, cpus: 0.5 };
  const leak = { kind: 'expr', forMs: 0, keepFiringForMs: 0, faults: ['leak'] };
  assert.deepEqual(symptoms(limits, nobody), [
    own,
    { ...leak, name: 'limits.memory', expr: "memory.pss > size('300MiB')" },
    { ...leak, name: 'limits.pids', expr: 'threads > 50' },
  ]);
  assert.deepEqual(symptoms({ ...limits, memoryBytes: 1_000 }, { ...nobody, pids: held.pids }), [
    own,
    { ...leak, name: 'limits.memory', expr: "memory.pss > size('1000B')" },
  ]);
});

test('those that a cgroup holds to are not', () => {
  assert.deepEqual(symptoms({ memoryBytes: 1, pids: 1, cpus: 1 }, held), [own]);
  assert.deepEqual(symptoms({ memoryBytes: null, pids: null, cpus: null }, nobody), [own]);
});
