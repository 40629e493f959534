/**
 * The API's own database: people, sessions, tokens, and what was asked with which idempotency key.
 * It is for its owner only (0600); passwords and tokens are in it as hashes.
 *
 * The command line opens it too, beside a running API process: what is kept in memory of it must
 * bear that.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fchownSync, openSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { DarumaError } from '../../model/errors.ts';

const schemaVersion = 1;
const busyMs = 5_000;

const schema = `
  create table settings (key text primary key, value text not null) strict;
  create table users (
    id integer primary key,
    name text not null unique collate nocase,
    role text not null,
    password text not null,
    disabled integer not null default 0,
    created integer not null
  ) strict;
  create table sessions (
    id text primary key,
    user integer not null references users on delete cascade,
    generation integer not null,
    rotated integer not null,
    created integer not null,
    seen integer not null,
    expires integer not null,
    address text not null,
    agent text not null
  ) strict;
  create index sessions_of on sessions (user);
  create table tokens (
    id text primary key,
    user integer not null references users on delete cascade,
    label text not null,
    scope text not null,
    hash text not null,
    created integer not null,
    expires integer not null,
    used integer
  ) strict;
  create table invitations (
    id text primary key,
    hash text not null,
    role text not null,
    by text not null,
    created integer not null,
    expires integer not null
  ) strict;
  create table known (
    user integer not null references users on delete cascade,
    place text not null,
    seen integer not null,
    primary key (user, place)
  ) strict;
  create table throttle (
    bucket text primary key,
    failures integer not null,
    until integer not null,
    at integer not null
  ) strict;
  create table idempotency (
    who text not null,
    key text not null,
    digest text not null,
    process text not null,
    status integer,
    type text,
    body text,
    at integer not null,
    primary key (who, key)
  ) strict;
  create table outbox (
    id integer primary key autoincrement,
    by text not null,
    text text not null
  ) strict;
  create table drills (
    id integer primary key autoincrement,
    by text not null,
    fault text not null,
    target text,
    at integer not null,
    process text,
    ended integer,
    result text
  ) strict;
`;

/** Also when root's command line is there first, it belongs to whom the state belongs to. */
function provide(file: string): void {
  const fd = openSync(file, 'a', 0o600);
  try {
    const { uid, gid } = statSync(path.dirname(file));
    if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}

export type Row = Readonly<Record<string, unknown>>;

export class AccountsDb {
  readonly #database: DatabaseSync;

  /** Makes the file when there is none. Throws STORE_FAILED, STORE_TOO_NEW. */
  constructor(file: string) {
    try {
      provide(file);
      this.#database = new DatabaseSync(file, { timeout: busyMs });
      this.#database.exec('pragma journal_mode = wal; pragma foreign_keys = on');
      this.#migrate();
    } catch (cause) {
      if (cause instanceof DarumaError) throw cause;
      throw new DarumaError('STORE_FAILED', `the accounts in ${file} can't be read`, { cause });
    }
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#database.prepare(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#database.prepare(sql).all(...values);
  }

  /** All or nothing. `body` may not wait for anything. */
  transaction<T>(body: () => T): T {
    this.#database.exec('begin immediate');
    try {
      const result = body();
      this.#database.exec('commit');
      return result;
    } catch (error) {
      this.#database.exec('rollback');
      throw error;
    }
  }

  /** 32 bytes that are made once and then stay. */
  secret(name: string): Buffer {
    const fresh = randomBytes(32).toString('base64');
    this.run('insert or ignore into settings values (?, ?)', name, fresh);
    const row = this.get('select value from settings where key = ?', name);
    return Buffer.from(String(row?.['value']), 'base64');
  }

  close(): void {
    this.#database.close();
  }

  #migrate(): void {
    this.transaction(() => {
      const found = Number(this.get('pragma user_version')?.['user_version'] ?? 0);
      if (found > schemaVersion) {
        throw new DarumaError('STORE_TOO_NEW', 'the accounts were written by a newer Daruma');
      }
      if (found === schemaVersion) return;
      this.#database.exec(schema);
      this.#database.exec(`pragma user_version = ${schemaVersion}`);
    });
  }
}
