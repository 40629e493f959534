import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineState } from '../engine/index.ts';
import type { LogRecord } from '../model/record.ts';
import { IncidentLogs } from './incident-logs.ts';

function stateWith(symptoms: Readonly<Record<`i${number}`, readonly string[]>>): EngineState {
  const services = {
    api: { spec: { driver: 'process' }, instances: ['api/1', 'api/2'] },
    far: { spec: { driver: 'external' }, instances: ['far/1'] },
    many: {
      spec: { driver: 'process' },
      instances: Array.from({ length: 20 }, (_, index) => `many/${index + 1}`),
    },
  };
  const incidents = Object.fromEntries(
    Object.entries(symptoms).map(([id, all]) => [
      id,
      { symptoms: all.map((component) => ({ symptom: { id: `${component}#exit`, component } })) },
    ]),
  );
  return { services, incidents } as unknown as EngineState;
}

function opened(incident: `i${number}`, component: string, at = 5): LogRecord {
  return { at, kind: 'incident-opened', incident, symptom: `${component}#exit`, onset: at };
}

function joined(incident: `i${number}`, component: string): LogRecord {
  return { at: 7, kind: 'incident-joined', incident, symptom: `${component}#exit` };
}

function book() {
  const facts = new Map<string, string>();
  const ends = new Map<string, number>();
  const store = {
    get: async (key: string) => facts.get(key) ?? null,
    set: async (key: string, value: string) => void facts.set(key, value),
  };
  const logEnd = (instance: string) => ends.get(instance);
  const told: string[] = [];
  const log = (text: string) => void told.push(text);
  return { facts, ends, told, logs: () => new IncidentLogs({ store, logEnd, log }) };
}

test('of a service all instances, the one concerned first; of each the first place', async () => {
  const { ends, logs } = book();
  const first = logs();
  for (const [instance, end] of [
    ['api/1', 10],
    ['api/2', 20],
    ['far/1', 30],
  ] as const) {
    ends.set(instance, end);
  }
  const state = stateWith({ i1: ['api/2', 'api', 'far/1'] });
  first.note([opened('i1', 'api/2')], state);
  const found = [
    { instance: 'api/2', at: 5, offset: 20 },
    { instance: 'api/1', at: 5, offset: 10 },
  ];
  assert.deepEqual(first.of('i1'), found);
  ends.set('api/1', 99);
  first.note([joined('i1', 'api'), joined('i1', 'far/1')], state);
  assert.deepEqual(first.of('i1'), found, 'where it began; an external log has no such places');
  await new Promise(setImmediate);
  const next = logs();
  await next.recover();
  assert.deepEqual(next.of('i1'), found, 'known to the next controller');
  assert.deepEqual(next.of('i2'), []);
});

test('so many instances and incidents, not more', async () => {
  const { facts, ends, logs } = book();
  for (let number = 1; number <= 20; number += 1) ends.set(`many/${number}`, number);
  const ids = Array.from({ length: 300 }, (_, index) => `i${index + 1}` as const);
  const state = stateWith(Object.fromEntries(ids.map((id) => [id, ['many/15']])));
  const all = logs();
  for (const [index, id] of ids.entries()) all.note([opened(id, 'many/15', index)], state);
  assert.deepEqual(all.of('i1'), []);
  assert.equal(all.of('i300').length, 8);
  assert.equal(all.of('i300')[0]?.instance, 'many/15');
  await new Promise(setImmediate);
  const kept = Object.keys(JSON.parse(facts.get('incident-logs') ?? '{}'));
  assert.equal(kept.length, 200);
});

test('what can not be read is told, and left out', async () => {
  const { facts, told, logs } = book();
  facts.set('incident-logs', 'half of it');
  const one = logs();
  await one.recover();
  assert.match(told.join('\n'), /^where logs ended when incidents began is forgotten: .*JSON/);
  one.note([opened('i1', 'api/1')], stateWith({ i1: ['api/1'] }));
  assert.deepEqual(one.of('i1'), [], 'the log of an instance can’t be read');
});
