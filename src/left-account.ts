/**
 * What a stack that is not running has left on record. It is read from a copy, so that nothing of
 * it is changed, and that a controller which begins meanwhile finds it as it was.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LeftAccount } from './cli/account.ts';
import { type Recovered, recoverState } from './controller/recover-state.ts';
import { incidentView, incidentViews } from './engine/index.ts';
import { DarumaError } from './model/errors.ts';
import { layout } from './model/layout.ts';
import { lockHolder } from './ports/lock.ts';
import type { Store } from './ports/store.ts';
import { openStore } from './store/store.ts';

/** Beside the database: what is not in it yet. */
const parts = ['', '-wal', '.backlog'];

/** Null: nothing was left, or it is still written. Rejects with STORE_FAILED, STORE_TOO_NEW. */
export async function leftAccount(stateDir: string): Promise<LeftAccount | null> {
  const { database, controllerLock } = layout(stateDir);
  if (!existsSync(database) || lockHolder(controllerLock) !== null) return null;
  const copy = new Copy();
  try {
    const store = await copy.open(database);
    const recovered = await recoverState(store);
    if (recovered.lastSeq > 0) return accountOf(store, recovered, () => copy.close());
    await copy.close();
    return null;
  } catch (error) {
    await copy.close().catch(() => undefined); // What went wrong first is told.
    if (error instanceof DarumaError && error.code !== 'STORE_FAILED') throw error;
    throw new DarumaError('STORE_FAILED', `can't read a copy of ${database}`, { cause: error });
  }
}

class Copy {
  #directory: string | null = null;
  #store: Store | null = null;

  async open(database: string): Promise<Store> {
    this.#directory = mkdtempSync(join(tmpdir(), 'daruma-account-'));
    const file = join(this.#directory, 'state.db');
    for (const part of parts)
      if (existsSync(database + part)) copyFileSync(database + part, file + part);
    this.#store = await openStore({ file });
    return this.#store;
  }

  async close(): Promise<void> {
    try {
      await this.#store?.close();
    } finally {
      if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
    }
  }
}

function accountOf(
  store: Store,
  { state, lastSeq, lastAt }: Recovered,
  close: () => Promise<void>,
): LeftAccount {
  return {
    lastAt,
    lastSeq: async () => lastSeq,
    records: (after, limit) => store.read(after, limit),
    incidents: async (limit) => incidentViews(state, limit),
    incident: async (id) =>
      incidentView(state, id as `i${number}`) ?? notFound(`there is no incident ${id}`),
    errors: (limit) => store.errors({ limit, now: Date.now() }),
    error: async (id) => (await store.error(id, Date.now())) ?? notFound(`there is no error ${id}`),
    close,
  };
}

function notFound(what: string): never {
  throw new DarumaError('NOT_FOUND', what);
}
