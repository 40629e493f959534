/**
 * The event log in SQLite, as the controller sees it. All work on the file is done by a thread
 * (`thread.ts`), so that a slow disk never holds up the caller; here are only the queue of calls,
 * the answers to them, and the error records, which are kept in memory and saved now and then.
 *
 * 1. Calls of one turn of the caller's loop travel in one message.
 * 2. Records that needn't outlive the machine's power are kept in the backlog, which goes to the
 *    database before whatever is asked of it next. While an append is not answered, or the
 *    database could not take the backlog, they go the way of all others.
 * 3. A thread that ends unasked fails the calls it has not answered; the next call starts another,
 *    which first forgets records that nobody was told of.
 */
import { Worker } from 'node:worker_threads';
import { entry } from '../model/entry.ts';
import type {
  ErrorDetail,
  ErrorMark,
  ErrorOccurrence,
  ErrorRecord,
  ErrorReport,
} from '../model/error-record.ts';
import { DarumaError } from '../model/errors.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import { withCompileCache } from '../ports/compile-cache.ts';
import type { Lasting, Store, StoredSnapshot } from '../ports/store.ts';
import { Backlog } from './backlog.ts';
import { ErrorRegistry, occurrencesKept } from './error-registry.ts';
import { readErrors } from './error-renewal.ts';
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
  /** Adds to a report of an error what is known of its surroundings. */
  readonly describeError?: (report: ErrorReport) => ErrorReport;
}

/**
 * Resolves when the file is open. When the disk is full or read-only but the file can be read, it
 * resolves too: writing then fails until the disk is mended.
 * Rejects with STORE_FAILED, STORE_TOO_NEW.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const settings = {
    file: options.file,
    maxRecords: options.maxRecords ?? 100_000,
    maxPages: options.maxPages ?? null,
    syncDelayMs: Number(process.env['DARUMA_STORE_SYNC_DELAY_MS'] ?? 0),
  };
  const store = new SqliteStore(settings, options.describeError ?? ((report) => report));
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
  /** Of the last record that was acknowledged; null: the database was never opened. */
  #lastSeq: number | null = null;
  readonly #backlog: Backlog;
  /** Not answered yet. */
  #appends = 0;
  /** The database is open and took what it was given last. */
  #takes = false;
  #errors = new ErrorRegistry([]);
  #errorsTimer: NodeJS.Timeout | null = null;
  readonly #describeError: (report: ErrorReport) => ErrorReport;

  constructor(settings: StoreSettings, describeError: (report: ErrorReport) => ErrorReport) {
    this.#settings = settings;
    this.#describeError = describeError;
    this.#backlog = new Backlog(`${settings.file}.backlog`);
  }

  async load(): Promise<void> {
    const rows = await this.#call({ kind: 'all-errors' });
    const { records, changes } = readErrors(rows);
    this.#errors = new ErrorRegistry(records);
    this.#errors.putBack(changes);
    this.#saveErrorsLater();
  }

  async append(
    records: readonly LogRecord[],
    options?: { readonly unrecorded?: boolean; readonly lasts?: Lasting },
  ): Promise<number> {
    const texts = records.map((record) => JSON.stringify(record));
    const unrecorded = options?.unrecorded ?? false;
    const kept = options?.lasts === 'boot' && !unrecorded ? this.#keep(texts) : null;
    return kept ?? this.#appendDurably(texts, unrecorded);
  }

  /** Null: they can't be kept in the backlog. */
  #keep(texts: readonly string[]): number | null {
    if (!this.#takes || this.#appends > 0 || this.#closing !== null) return null;
    if (this.#lastSeq === null) return null;
    if (!this.#backlog.keep(this.#lastSeq + 1, texts)) return null;
    this.#lastSeq += texts.length;
    return this.#lastSeq;
  }

  async #appendDurably(texts: readonly string[], unrecorded: boolean): Promise<number> {
    this.#appends += 1;
    try {
      this.#saveBacklog();
      const failuresSeen = this.#failures;
      const call = { kind: 'append', records: texts, unrecorded, firstSeq: null } as const;
      const seq = await this.#call({ ...call, failuresSeen });
      this.#lastSeq = seq;
      this.#takes = true;
      return seq;
    } catch (error) {
      this.#takes = false;
      throw error;
    } finally {
      this.#appends -= 1;
    }
  }

  /** What the database has already of it, it leaves out. */
  #saveBacklog(): void {
    const { firstSeq, lastSeq, records } = this.#backlog;
    if (firstSeq === null || lastSeq === null) return;
    const failuresSeen = this.#failures;
    const call = { kind: 'append', records, unrecorded: false, firstSeq, failuresSeen } as const;
    this.#send(call).then(
      () => {
        this.#backlog.settle(lastSeq);
        this.#takes = true;
      },
      // It stays where it is; what ails the disk is told to whoever appends next.
      () => {
        this.#takes = false;
      },
    );
  }

  async read(afterSeq: number, limit: number): Promise<readonly StoredRecord[]> {
    this.#saveBacklog();
    const rows = await this.#call({ kind: 'read', afterSeq, limit });
    const more = this.#backlog.after(rows.at(-1)?.[0] ?? afterSeq);
    return [...rows, ...more].slice(0, limit).map(([seq, record, unrecorded]) => ({
      seq,
      record: JSON.parse(record) as LogRecord,
      unrecorded: unrecorded === 1,
    }));
  }

  async latestSnapshot(): Promise<StoredSnapshot | null> {
    return this.#call({ kind: 'latest-snapshot' });
  }

  async saveSnapshot({ seq, state }: StoredSnapshot): Promise<void> {
    this.#saveBacklog();
    await this.#call({ kind: 'snapshot', seq, state });
  }

  reportErrors(reports: readonly ErrorReport[]): void {
    for (const report of reports) this.#errors.report(this.#describeError(report));
    this.#saveErrorsLater();
  }

  linkErrors(link: Parameters<Store['linkErrors']>[0]): void {
    this.#errors.linkTo(link);
    this.#saveErrorsLater();
  }

  async errors(query: {
    readonly limit: number;
    readonly now: number;
  }): Promise<readonly ErrorRecord[]> {
    return this.#errors.list(query.limit, query.now);
  }

  async error(id: string, now: number): Promise<ErrorDetail | null> {
    const kept = await this.#call({ kind: 'error-detail', error: id });
    const record = this.#errors.one(id, now);
    if (record === null) return null;
    const unsaved = this.#errors.unsaved(id);
    const saved = kept.occurrences.map((text) => JSON.parse(text) as ErrorOccurrence);
    const occurrences = [...unsaved.occurrences.toReversed(), ...saved].slice(0, occurrencesKept);
    return { ...record, stack: unsaved.stack ?? kept.stack, occurrences };
  }

  async markError(id: string, mark: ErrorMark, by: string, at: number): Promise<boolean> {
    if (!this.#errors.mark(id, mark, by, at)) return false;
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
    if (thread === null) {
      this.#backlog.close();
      return;
    }
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    this.#saveBacklog();
    const saved = this.#saveErrors();
    const closed = this.#send({ kind: 'close' });
    const results = await Promise.allSettled([saved, closed]);
    await ended;
    this.#backlog.close();
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
        changed: changed.map(({ record, stack, occurrences }) => {
          const texts = occurrences.map((occurrence) => JSON.stringify(occurrence));
          return [record.id, JSON.stringify(record), stack, texts] as const;
        }),
        removed,
        occurrencesKept,
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
    const thread = new Worker(entry(import.meta.url, './thread'), {
      workerData: this.#settings,
      // Sources of ours then need no compiler, which would stay in memory: 20 MB.
      env: withCompileCache(process.env),
    });
    this.#thread = thread;
    this.#failures = 0;
    let reason: Error | null = null;
    thread.on('message', (message: Replies) => this.#take(message));
    thread.on('error', (error) => {
      reason = error instanceof Error ? error : new Error(String(error));
    });
    thread.once('exit', () => this.#lost(thread, reason));
    const before = this.#backlog.firstSeq;
    this.#post(
      { kind: 'open', lastSeq: before === null ? this.#lastSeq : before - 1 },
      {
        resolve: (seq) => {
          this.#backlog.follow(Number(seq));
          this.#lastSeq = this.#backlog.lastSeq ?? Number(seq);
          this.#takes = this.#backlog.firstSeq === null;
        },
        reject: (error) => this.#lost(thread, error),
      },
    );
  }

  #lost(thread: Worker, reason: Error | null): void {
    if (this.#thread !== thread) return;
    this.#thread = null;
    this.#takes = false;
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
