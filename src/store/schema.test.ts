import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type Migration, migrate, migrations, schemaVersion } from './schema.ts';

const addNote: Migration = (database) =>
  database.exec("ALTER TABLE facts ADD COLUMN note TEXT NOT NULL DEFAULT ''");

test('an empty database gets all versions, one after the other', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, [...migrations, addNote]);
  assert.equal(schemaVersion(database), migrations.length + 1);
  database.exec("INSERT INTO facts (key, value, note) VALUES ('k', 'v', 'n')");
});

test('an older database gets only what it lacks and keeps its rows', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, migrations);
  database.exec("INSERT INTO facts (key, value) VALUES ('k', 'v')");
  migrate(database, [...migrations, addNote]);
  migrate(database, [...migrations, addNote]);
  const row = database.prepare('SELECT * FROM facts').get();
  assert.deepEqual({ ...row }, { key: 'k', value: 'v', note: '' });
});

test('a step that fails leaves the version before it', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, migrations);
  const broken: Migration = (opened) => opened.exec('CREATE TABLE half (a); nonsense');
  assert.throws(() => migrate(database, [...migrations, addNote, broken]), /syntax error/);
  assert.equal(schemaVersion(database), migrations.length + 1);
  assert.throws(() => database.prepare('SELECT * FROM half'), /no such table/);
  assert.equal(database.isTransaction, false);
});

test('a newer database is refused and left alone', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, [...migrations, addNote]);
  assert.throws(() => migrate(database, migrations), { code: 'STORE_TOO_NEW' });
  assert.equal(schemaVersion(database), migrations.length + 1);
});
