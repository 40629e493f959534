/** The state as the log tells it: the fold of all records, from the latest snapshot on. */
import { apply, type EngineState, initialState, revive } from '../engine/index.ts';
import type { Store } from '../ports/store.ts';

export interface Recovered {
  readonly state: EngineState;
  readonly lastSeq: number;
  readonly lastAt: number;
}

export async function recoverState(store: Store): Promise<Recovered> {
  const snapshot = await store.latestSnapshot();
  const state: EngineState =
    snapshot === null ? initialState() : revive(JSON.parse(snapshot.state));
  let lastSeq = snapshot?.seq ?? 0;
  let lastAt = state.at;
  for (;;) {
    const stored = await store.read(lastSeq, 5_000);
    if (stored.length === 0) return { state, lastSeq, lastAt };
    for (const entry of stored) apply(state, entry.record);
    lastSeq = stored.at(-1)?.seq ?? lastSeq;
    lastAt = stored.at(-1)?.record.at ?? lastAt;
  }
}
