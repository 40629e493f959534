import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { archiveCommand, archivesBelow } from './archiving.ts';

const segment = '000000010000000000000007';
let root: string;
let data: string;
let spool: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'daruma-archiving-'));
  data = join(root, 'data');
  // A name that a shell, or PostgreSQL, could take for more than a name.
  spool = join(root, `it's 100%f; exit "$(1)" \`x\``);
  for (const path of [join(data, 'pg_wal'), spool]) mkdirSync(path, { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** As PostgreSQL does it: in the data, `%p` and `%f` replaced, `%%` for a percent sign. */
function archive(name: string): number | null {
  const values: Record<string, string> = { p: `pg_wal/${name}`, f: name, '%': '%' };
  const command = archiveCommand(spool).replaceAll(/%([pf%])/g, (_, one) => values[one] ?? '');
  return spawnSync('/bin/sh', ['-c', command], { cwd: data }).status;
}

function write(name: string, content: string): void {
  writeFileSync(join(data, 'pg_wal', name), content);
}

test('a segment is put aside whole, with its time, whatever the place is called', () => {
  write(segment, 'content');
  execFileSync('touch', ['-d', '2020-01-01T00:00:00Z', join(data, 'pg_wal', segment)]);
  assert.equal(archive(segment), 0);
  assert.deepEqual(readdirSync(spool), [segment]);
  assert.equal(readFileSync(join(spool, segment), 'utf8'), 'content');
  const age = execFileSync('stat', ['-c', '%Y', join(spool, segment)], { encoding: 'utf8' });
  assert.equal(Number(age), 1_577_836_800);
  assert.ok(archivesBelow(archiveCommand(spool), root));
  assert.ok(!archivesBelow(archiveCommand(spool), join(root, 'other')));
});

test('the same again is well, another content under its name is refused', () => {
  write(segment, 'content');
  assert.equal(archive(segment), 0);
  assert.equal(archive(segment), 0);
  write(segment, 'another');
  assert.notEqual(archive(segment), 0);
  assert.equal(readFileSync(join(spool, segment), 'utf8'), 'content');
});

test('what can not be put aside is refused, so that PostgreSQL keeps it', () => {
  assert.notEqual(archive(segment), 0);
  assert.deepEqual(readdirSync(spool), []);
});

test('a full spool drops segments and names them, but takes what tells of timelines', () => {
  for (let number = 0; number < 257; number += 1) writeFileSync(join(spool, `0${number}`), '');
  write(segment, 'content');
  write('00000002.history', 'history');
  write(`${segment}.00000028.backup`, 'notes');
  assert.equal(archive(segment), 0);
  assert.equal(archive('00000002.history'), 0);
  assert.equal(archive(`${segment}.00000028.backup`), 0);
  const names = readdirSync(spool).filter((name) => !/^0\d{1,3}$/.test(name));
  assert.deepEqual(names.sort(), ['00000002.history', 'dropped']);
  assert.equal(readFileSync(join(spool, 'dropped'), 'utf8'), `${segment}\n`);
});
