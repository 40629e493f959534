import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginLook, initialState, step } from '../engine/index.ts';
import { service, stack } from '../engine/stack.fixture.ts';
import type { EngineEvent, Happening } from '../model/event.ts';
import type { Processes } from '../ports/processes.ts';
import { StandingOrders } from './standing-orders.ts';

const id = 'api/1';
const exit = { code: null, signal: 'SIGKILL', known: true, oom: false, lastLines: [] } as const;

/** Told of what happens to an instance that has an order; `withdrawn`: whose order was. */
function ordered() {
  const withdrawn: string[] = [];
  const due: (() => void)[] = [];
  const state = initialState();
  let at = 1_000;
  const processes: Partial<Processes> = {
    onSpare: () => undefined,
    order: () => 'given',
    withdrawOrder: (one) => withdrawn.push(one) > 0,
  };
  const orders = new StandingOrders({
    clock: {
      now: () => at,
      after: (_, callback) => {
        due.push(callback);
        return () => undefined;
      },
    },
    processes: processes as Processes,
    state: () => state,
    note: () => undefined,
    log: (text) => assert.fail(text),
  });
  beginLook(state, at);
  return {
    withdrawn,
    happen: (happening: Happening) => {
      at += 60_000;
      const event = { ...happening, at, random: 0.5 } as EngineEvent;
      orders.heed(event, step(state, event).records);
    },
    look: () => {
      for (const call of due.splice(0)) call();
    },
  };
}

function running() {
  const told = ordered();
  told.happen({ kind: 'configured', spec: stack([service('api')]) });
  told.happen({ kind: 'looked' });
  told.happen({ kind: 'requested', requestId: 'r1', by: 'me', request: { kind: 'up' } });
  told.happen({ kind: 'started', instance: id, action: 'a1', pid: 1, port: 20_000 });
  told.happen({ kind: 'ready', instance: id });
  told.look();
  told.withdrawn.length = 0;
  return told;
}

test('an order that is being carried out is not withdrawn by a look meanwhile', () => {
  const told = running();
  told.happen({ kind: 'exited', instance: id, exit });
  told.look();
  assert.deepEqual(told.withdrawn, []);
});

test('an order is withdrawn once its instance is to be stopped', () => {
  const told = running();
  const request = { kind: 'stop', target: 'api' } as const;
  told.happen({ kind: 'requested', requestId: 'r2', by: 'me', request });
  assert.deepEqual(new Set(told.withdrawn), new Set([id]));
});
