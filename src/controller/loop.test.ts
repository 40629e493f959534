import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { service, stack } from '../engine/stack.fixture.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { Store } from '../ports/store.ts';
import { openStore } from '../store/store.ts';
import { Loop } from './loop.ts';
import { recoverState } from './recover-state.ts';

test('the state is kept again and again, and what came since is replayed', async (t) => {
  const store = await someStore(t);
  const loop = await openLoop(store);
  await live(loop, stack([service('a')]), 24_000);
  const kept = await store.latestSnapshot();
  assert.ok(kept !== null && kept.seq >= 20_000, `the last one is of record ${kept?.seq}`);
  const { state } = await recoverState(store);
  assert.deepEqual(state, loop.state);
});

test('a large state is kept less often', async (t) => {
  const store = await someStore(t);
  const loop = await openLoop(store);
  const environment = { MUCH: 'x'.repeat(400_000) };
  await live(loop, stack([service('a', { environment })]), 24_000);
  const kept = await store.latestSnapshot();
  assert.ok(kept !== null && kept.seq < 20_000, `the last one is of record ${kept?.seq}`);
  const { state } = await recoverState(store);
  assert.deepEqual(state, loop.state);
});

async function someStore(t: TestContext): Promise<Store> {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-loop-'));
  const store = await openStore({ file: join(directory, 'state.db') });
  t.after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  return store;
}

function openLoop(store: Store): Promise<Loop> {
  const ignore = () => undefined;
  return Loop.recover({
    store,
    clock: { now: () => 1, after: () => ignore },
    random: { next: () => 0 },
    notBefore: ignore,
    foresee: ignore,
    run: ignore,
    onStep: ignore,
    onStored: ignore,
  });
}

/** An instance runs, and is suspected and not suspected in turn: a record each. */
async function live(loop: Loop, spec: StackSpec, events: number): Promise<void> {
  const instance = 'a/1' as const;
  loop.push({ kind: 'configured', spec });
  loop.push({ kind: 'looked' });
  loop.push({ kind: 'requested', requestId: 'r1', by: 'test', request: { kind: 'up' } });
  loop.push({ kind: 'started', instance, action: 'a1', pid: 1, port: 1 });
  for (let index = 0; index < events; index += 1) {
    loop.push({ kind: 'suspect', instance, suspected: index % 2 === 0 });
    if (index % 500 === 0) await setImmediate();
  }
  await loop.close();
}
