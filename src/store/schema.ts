/** The tables, and how an older file is brought up to date. */
import type { DatabaseSync } from 'node:sqlite';
import { DarumaError } from '../model/errors.ts';

export type Migration = (database: DatabaseSync) => void;

/** The n-th makes version n of version n − 1. One that was released is never changed. */
export const migrations: readonly Migration[] = [
  (database) =>
    database.exec(`
      CREATE TABLE records (seq INTEGER PRIMARY KEY, record TEXT NOT NULL,
        unrecorded INTEGER NOT NULL) STRICT;
      CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, state TEXT NOT NULL) STRICT;
      CREATE TABLE errors (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    `),
  // Records of errors are renewed where they are read: see error-renewal.ts.
  (database) =>
    database.exec(`
      ALTER TABLE errors ADD COLUMN stack TEXT;
      CREATE TABLE occurrences (number INTEGER PRIMARY KEY, error TEXT NOT NULL,
        occurrence TEXT NOT NULL) STRICT;
      CREATE INDEX occurrences_of_error ON occurrences (error, number);
    `),
];

/** Each step is one transaction. Throws STORE_TOO_NEW. */
export function migrate(database: DatabaseSync, steps: readonly Migration[]): void {
  const version = schemaVersion(database);
  refuseNewer(version, steps.length);
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      step(database);
      database.exec(`PRAGMA user_version = ${index + 1}; COMMIT`);
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

function refuseNewer(version: number, known: number): void {
  if (version <= known) return;
  const text = `the state has version ${version}, this Daruma knows versions up to ${known}`;
  throw new DarumaError('STORE_TOO_NEW', text);
}
