/**
 * The database file: opening, writing, reading. Runs in the store's thread only.
 *
 * 1. What `write` has returned from is durable (WAL, synchronous=FULL).
 * 2. What `write` has thrown on is not kept, and the next `write` finds the database usable if the
 *    disk allows: FULL passes when space returns; after any other error the file is opened anew.
 * 3. Reads go on while writes fail, also when the file could only be opened for reading.
 */
import { closeSync, fchmodSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { DarumaError } from '../model/errors.ts';
import type { ErrorsCall, SnapshotCall, StoredRow, StoreSettings } from './protocol.ts';
import { migrate, migrations, schemaVersion } from './schema.ts';

const snapshotsKept = 2;
const sqliteFull = 13;
/** Free pages beyond this are given back to the disk, so many at a time (4 MiB). */
const freePagesKept = 1024;

interface Connection {
  readonly database: DatabaseSync;
  /** What kept it from being opened for writing; null: nothing did. */
  readonly readOnlyBecause: unknown;
  readonly statements: Statements;
}

type Statements = ReturnType<typeof prepareAll>;

export class Database {
  readonly #settings: StoreSettings;
  #connection: Connection;
  #reopen = false;
  #lastSeq: number;

  /** Opens or creates the file. Throws STORE_FAILED when it can't even be read, STORE_TOO_NEW. */
  constructor(settings: StoreSettings) {
    this.#settings = settings;
    this.#connection = connectOrRead(settings);
    this.#lastSeq = this.#readLastSeq();
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** All that `body` does is one durable transaction. Throws STORE_FAILED; nothing is then kept. */
  write<T>(body: () => T): T {
    let durable = this.#lastSeq;
    try {
      this.#ensureWritable();
      durable = this.#lastSeq;
      this.#connection.statements.begin.run();
      const result = body();
      this.#commit();
      return result;
    } catch (error) {
      this.#lastSeq = durable;
      this.#rollBack(error);
      throw failure(`can't write to ${this.#settings.file}`, error);
    }
  }

  /** Returns the number of the last one. Only within `write`, as are all that change something. */
  append(records: readonly string[], unrecorded: boolean): number {
    const insert = this.#connection.statements.append;
    for (const record of records) {
      insert.run(this.#lastSeq + 1, record, unrecorded ? 1 : 0);
      this.#lastSeq += 1;
    }
    return this.#lastSeq;
  }

  set(key: string, value: string): void {
    this.#connection.statements.set.run(key, value);
  }

  saveSnapshot({ seq, state }: SnapshotCall): void {
    const { saveSnapshot, dropSnapshots, dropRecords } = this.#connection.statements;
    saveSnapshot.run(seq, state);
    dropSnapshots.run(snapshotsKept);
    dropRecords.run(snapshotsKept, this.#lastSeq - this.#settings.maxRecords);
  }

  saveErrors({ changed, removed, occurrencesKept }: ErrorsCall): void {
    const { statements } = this.#connection;
    for (const id of removed) {
      statements.removeError.run(id);
      statements.removeOccurrences.run(id);
    }
    for (const [id, record, stack, occurrences] of changed) {
      statements.saveError.run(id, record, stack);
      for (const occurrence of occurrences) statements.saveOccurrence.run(id, occurrence);
      if (occurrences.length > 0) statements.dropOccurrences.run(id, id, occurrencesKept);
    }
  }

  forgetAfter(seq: number): void {
    this.#connection.statements.forgetAfter.run(seq);
    this.#lastSeq = Math.min(this.#lastSeq, seq);
  }

  read(afterSeq: number, limit: number): StoredRow[] {
    return this.#look(() =>
      this.#connection.statements.read
        .all(afterSeq, limit)
        .map(
          (row): StoredRow => [
            Number(row['seq']),
            String(row['record']),
            row['unrecorded'] === 1 ? 1 : 0,
          ],
        ),
    );
  }

  latestSnapshot(): { seq: number; state: string } | null {
    const row = this.#look(() => this.#connection.statements.latestSnapshot.get());
    return row === undefined ? null : { seq: Number(row['seq']), state: String(row['state']) };
  }

  errors(): string[] {
    const rows = this.#look(() => this.#connection.statements.errors.all());
    return rows.map((row) => String(row['record']));
  }

  errorDetail(id: string): { stack: string | null; occurrences: string[] } {
    return this.#look(() => {
      const { statements, database } = this.#connection;
      if (schemaVersion(database) < 2) return { stack: null, occurrences: [] };
      const stack = statements.errorStack.get(id)?.['stack'];
      const rows = statements.occurrences.all(id);
      return {
        stack: typeof stack === 'string' ? stack : null,
        occurrences: rows.map((row) => String(row['occurrence'])),
      };
    });
  }

  get(key: string): string | null {
    const row = this.#look(() => this.#connection.statements.get.get(key));
    return row === undefined ? null : String(row['value']);
  }

  /** Moves the write-ahead log into the file and gives free pages back; false: there are more. */
  tidyUp(): boolean {
    if (this.#connection.readOnlyBecause !== null || this.#reopen) return true;
    const { database } = this.#connection;
    const free = Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count'] ?? 0);
    if (free > freePagesKept) database.exec(`PRAGMA incremental_vacuum(${freePagesKept})`);
    database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    return free <= 2 * freePagesKept;
  }

  close(): void {
    if (this.#connection.database.isOpen) this.#connection.database.close();
  }

  #ensureWritable(): void {
    const old = this.#connection;
    if (old.readOnlyBecause !== null) {
      // It goes first: another one of this process would share its read-only index.
      if (old.database.isOpen) old.database.close();
      this.#connection = connectOrRead(this.#settings);
      if (this.#connection.readOnlyBecause !== null) throw this.#connection.readOnlyBecause;
    } else if (this.#reopen) {
      // It goes last: it still serves reads if this throws, and while it is open the log isn't
      // recovered from the disk, where frames of a failed commit may lie.
      this.#connection = connect(this.#settings);
      old.database.close();
    } else return;
    this.#reopen = false;
    this.#lastSeq = this.#readLastSeq();
  }

  #commit(): void {
    if (this.#settings.syncDelayMs > 0) sleep(this.#settings.syncDelayMs);
    this.#connection.statements.commit.run();
  }

  #rollBack(cause: unknown): void {
    const { database, statements } = this.#connection;
    this.#reopen ||= resultCode(cause) !== sqliteFull;
    try {
      // SQLite has done it already after some errors.
      if (database.isTransaction) statements.rollback.run();
    } catch {
      // Closing the connection rolls back too; the caller is told the error that came first.
      this.#reopen = true;
    }
  }

  #look<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw failure(`can't read ${this.#settings.file}`, error);
    }
  }

  #readLastSeq(): number {
    const row = this.#look(() => this.#connection.statements.lastSeq.get());
    return Number(row?.['seq'] ?? 0);
  }
}

function connectOrRead(settings: StoreSettings): Connection {
  try {
    return connect(settings);
  } catch (error) {
    const reading = error instanceof DarumaError ? null : connectForReading(settings, error);
    if (reading === null) throw failure(`can't open ${settings.file}`, error);
    return reading;
  }
}

function connect(settings: StoreSettings): Connection {
  makePrivate(settings.file);
  const database = new DatabaseSync(settings.file, { timeout: 2000 });
  try {
    database.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 2000;
      PRAGMA journal_size_limit = 16777216;
    `);
    if (settings.maxPages !== null) database.exec(`PRAGMA max_page_count = ${settings.maxPages}`);
    migrate(database, migrations);
    return { database, readOnlyBecause: null, statements: prepareAll(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** For a disk that is full or read-only: the file as it is. Null: it can't be read either. */
function connectForReading({ file }: StoreSettings, why: unknown): Connection | null {
  // Without a log the file is complete, and nothing needs to be created beside it to read it.
  const immutable = sizeOf(`${file}-wal`) === 0;
  const url = pathToFileURL(file);
  if (immutable) url.searchParams.set('immutable', '1');
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(url, { readOnly: true });
    database.prepare(sql.lastSeq);
    return { database, readOnlyBecause: why, statements: prepareAll(database) };
  } catch {
    // The caller tells the error that kept it from writing: that is the one to be mended.
    database?.close();
    return null;
  }
}

/** The log and the index beside the file take over its mode. */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const descriptor = openSync(file, 'a', 0o600);
  try {
    fchmodSync(descriptor, 0o600);
  } finally {
    closeSync(descriptor);
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Each when it is first used: an older file that can't be written has not all tables. */
function prepareAll(database: DatabaseSync): Record<keyof typeof sql, StatementSync> {
  const statements = {};
  for (const [name, text] of Object.entries(sql)) {
    let statement: StatementSync | null = null;
    Object.defineProperty(statements, name, {
      get: () => {
        statement ??= database.prepare(text);
        return statement;
      },
    });
  }
  return statements as Record<keyof typeof sql, StatementSync>;
}

const sql = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  append: 'INSERT INTO records (seq, record, unrecorded) VALUES (?, ?, ?)',
  lastSeq: 'SELECT max(seq) AS seq FROM records',
  forgetAfter: 'DELETE FROM records WHERE seq > ?',
  read: 'SELECT seq, record, unrecorded FROM records WHERE seq > ? ORDER BY seq LIMIT ?',
  saveSnapshot: 'INSERT OR REPLACE INTO snapshots (seq, state) VALUES (?, ?)',
  latestSnapshot: 'SELECT seq, state FROM snapshots ORDER BY seq DESC LIMIT 1',
  dropSnapshots: `DELETE FROM snapshots
    WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)`,
  // While there is no second snapshot, all records are kept: the one may turn out unreadable.
  dropRecords: `DELETE FROM records WHERE seq <= min(
    (SELECT CASE count(*) WHEN ? THEN min(seq) ELSE 0 END FROM snapshots), ?)`,
  errors: 'SELECT record FROM errors',
  saveError: `INSERT INTO errors (id, record, stack) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET record = excluded.record,
      stack = coalesce(excluded.stack, stack)`,
  removeError: 'DELETE FROM errors WHERE id = ?',
  errorStack: 'SELECT stack FROM errors WHERE id = ?',
  occurrences: 'SELECT occurrence FROM occurrences WHERE error = ? ORDER BY number DESC',
  saveOccurrence: 'INSERT INTO occurrences (error, occurrence) VALUES (?, ?)',
  dropOccurrences: `DELETE FROM occurrences WHERE error = ? AND number <= (
    SELECT number FROM occurrences WHERE error = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
  removeOccurrences: 'DELETE FROM occurrences WHERE error = ?',
  get: 'SELECT value FROM facts WHERE key = ?',
  set: 'INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)',
} as const;

function resultCode(error: unknown): number | null {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
  return typeof code === 'number' ? code & 0xff : null;
}

function failure(what: string, error: unknown): DarumaError {
  if (error instanceof DarumaError) return error;
  return new DarumaError('STORE_FAILED', what, { cause: error });
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
