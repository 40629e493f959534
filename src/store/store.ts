/**
 * The event log in SQLite, as the controller sees it. All work on the file is done by a thread
 * (`thread.ts`), so that a slow disk never holds up the caller; here are only the queue of calls,
 * the answers to them, and the error records, which are kept in memory and saved now and then.
 *
 * 1. Calls of one turn of the caller's loop travel in one message.
 * 2. A thread that ends unasked fails the calls it has not answered; the next call starts another,
 *    which first forgets records that nobody was told of.
 */
import { Worker } from 'node:worker_threads';
import { entry } from '../model/entry.ts';
import type { ErrorRecord, ErrorReport } from '../model/error-record.ts';
import { DarumaError } from '../model/errors.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import type { Store, StoredSnapshot } from '../ports/store.ts';
import { ErrorRegistry } from './error-registry.ts';
import type {
  Answers,
  Call,
  CallBody,
  CallKind,
  Replies,
  Reply,
  StoreSettings,
} from './protocol.ts';

const errorsSavedEveryMs = 1000;

export interface StoreOptions {
  /** Made with mode 0600, and its directory with 0700, when it isn't there. */
  readonly file: string;
  /** Records kept at least, and, beyond those since the last snapshot but one, at most. */
  readonly maxRecords?: number;
  /** Largest size of the database in pages of 4 KiB. */
  readonly maxPages?: number;
}

/**
 * Resolves when the file is open. When the disk is full or read-only but the file can be read, it
 * resolves too: writing then fails until the disk is mended.
 * Rejects with STORE_FAILED, STORE_TOO_NEW.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = new SqliteStore({
    file: options.file,
    maxRecords: options.maxRecords ?? 100_000,
    maxPages: options.maxPages ?? null,
    syncDelayMs: Number(process.env['DARUMA_STORE_SYNC_DELAY_MS'] ?? 0),
  });
  try {
    await store.load();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Pending {
  resolve(answer: Answers[CallKind]): void;
  reject(error: Error): void;
}

class SqliteStore implements Store {
  readonly #settings: StoreSettings;
  readonly #pending = new Map<number, Pending>();
  #thread: Worker | null = null;
  #closing: Promise<void> | null = null;
  #outbox: Call[] = [];
  #lastId = 0;
  #failures = 0;
  #lastSeq: number | null = null;
  #errors = new ErrorRegistry([]);
  #errorsTimer: NodeJS.Timeout | null = null;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
  }

  async load(): Promise<void> {
    const rows = await this.#call({ kind: 'all-errors' });
    this.#errors = new ErrorRegistry(rows.map((row) => JSON.parse(row) as ErrorRecord));
  }

  async append(
    records: readonly LogRecord[],
    options?: { readonly unrecorded?: boolean },
  ): Promise<number> {
    const seq = await this.#call({
      kind: 'append',
      records: records.map((record) => JSON.stringify(record)),
      unrecorded: options?.unrecorded ?? false,
      failuresSeen: this.#failures,
    });
    this.#lastSeq = seq;
    return seq;
  }

  async read(afterSeq: number, limit: number): Promise<readonly StoredRecord[]> {
    const rows = await this.#call({ kind: 'read', afterSeq, limit });
    return rows.map(([seq, record, unrecorded]) => ({
      seq,
      record: JSON.parse(record) as LogRecord,
      unrecorded: unrecorded === 1,
    }));
  }

  async latestSnapshot(): Promise<StoredSnapshot | null> {
    return this.#call({ kind: 'latest-snapshot' });
  }

  async saveSnapshot({ seq, state }: StoredSnapshot): Promise<void> {
    await this.#call({ kind: 'snapshot', seq, state });
  }

  reportErrors(reports: readonly ErrorReport[]): void {
    for (const report of reports) this.#errors.report(report);
    this.#saveErrorsLater();
  }

  async errors({ limit }: { readonly limit: number }): Promise<readonly ErrorRecord[]> {
    return this.#errors.list(limit);
  }

  async acknowledgeError(id: string, by: string): Promise<boolean> {
    if (!this.#errors.acknowledge(id, by)) return false;
    await this.#saveErrors();
    return true;
  }

  async get(key: string): Promise<string | null> {
    return this.#call({ kind: 'get', key });
  }

  async set(key: string, value: string): Promise<void> {
    await this.#call({ kind: 'set', key, value });
  }

  /** Rejects with STORE_FAILED when error records could not be saved; it is closed nevertheless. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#errorsTimer !== null) clearTimeout(this.#errorsTimer);
    const thread = this.#thread;
    if (thread === null) return;
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    const saved = this.#saveErrors();
    const closed = this.#send({ kind: 'close' });
    const results = await Promise.allSettled([saved, closed]);
    await ended;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #saveErrorsLater(): void {
    if (this.#errorsTimer !== null || this.#closing !== null) return;
    this.#errorsTimer = setTimeout(() => {
      this.#errorsTimer = null;
      // They stay marked as changed; that the store fails is told by those who append.
      this.#saveErrors().catch(() => this.#saveErrorsLater());
    }, errorsSavedEveryMs);
    this.#errorsTimer.unref();
  }

  async #saveErrors(): Promise<void> {
    const { changed, removed } = this.#errors.takeChanges();
    if (changed.length + removed.length === 0) return;
    try {
      await this.#send({
        kind: 'errors',
        changed: changed.map((record) => [record.id, JSON.stringify(record)] as const),
        removed,
      });
    } catch (error) {
      this.#errors.putBack({ changed, removed });
      throw error;
    }
  }

  async #call<B extends CallBody>(body: B): Promise<Answers[B['kind']]> {
    if (this.#closing !== null) throw new DarumaError('STORE_FAILED', 'the store is closed');
    return this.#send(body);
  }

  #send<B extends CallBody>(body: B): Promise<Answers[B['kind']]> {
    this.#ensureThread();
    return new Promise((resolve, reject) => {
      // The thread answers each call with what `Answers` says of its kind.
      this.#post(body, { resolve: (answer) => resolve(answer as Answers[B['kind']]), reject });
    });
  }

  #post(body: CallBody, pending: Pending): void {
    this.#lastId += 1;
    this.#pending.set(this.#lastId, pending);
    if (this.#outbox.length === 0) queueMicrotask(() => this.#flush());
    this.#outbox.push({ ...body, id: this.#lastId });
  }

  #flush(): void {
    const calls = this.#outbox;
    this.#outbox = [];
    this.#thread?.postMessage(calls);
  }

  #ensureThread(): void {
    if (this.#thread !== null) return;
    const thread = new Worker(entry(import.meta.url, './thread'), { workerData: this.#settings });
    this.#thread = thread;
    this.#failures = 0;
    let reason: Error | null = null;
    thread.on('message', (message: Replies) => this.#take(message));
    thread.on('error', (error) => {
      reason = error instanceof Error ? error : new Error(String(error));
    });
    thread.once('exit', () => this.#lost(thread, reason));
    this.#post(
      { kind: 'open', lastSeq: this.#lastSeq },
      {
        resolve: (seq) => {
          this.#lastSeq = Number(seq);
        },
        reject: (error) => this.#lost(thread, error),
      },
    );
  }

  #lost(thread: Worker, reason: Error | null): void {
    if (this.#thread !== thread) return;
    this.#thread = null;
    this.#outbox = [];
    void thread.terminate();
    const error =
      reason instanceof DarumaError
        ? reason
        : new DarumaError('STORE_FAILED', "the store's thread ended", { cause: reason });
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  #take({ replies, failures }: Replies): void {
    this.#failures = failures;
    for (const reply of replies) {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (pending !== undefined) settle(pending, reply);
    }
  }
}

function settle(pending: Pending, reply: Reply): void {
  if (reply.ok) pending.resolve(reply.answer);
  else pending.reject(new DarumaError(reply.code, reply.message));
}
