/** Recovery points of a running service: made by time and event, tried, restored, undone. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ControlClient } from '../../src/cli/control-client.ts';
import { until } from './harness.ts';
import { listed, notes, pointsOf } from './recovery-stand.ts';

test('points are made when they are due, and when something is about to happen', async (t) => {
  const stand = await notes(
    t,
    'every: 2s, on: [shutdown, before-destructive, drill-began], keep: { last: 3, min_age: 0s }',
  );
  const { made } = stand;
  await made.up();
  await stand.add('one');
  await until('one was made by the schedule after the first', async () => {
    const { points } = await listed(made, 'notes');
    return points.filter(({ why }) => why === 'schedule').length >= 2;
  });
  await until('no more than wanted are kept', async () => {
    return (await made.events()).some(
      ({ record }) => record.kind === 'point' && record.what === 'removed',
    );
  });
  await made.daruma('down');
  const { points, problems } = await listed(made, 'notes');
  assert.deepEqual(problems, []);
  assert.equal(points.at(-1)?.why, 'shutdown');
  const sound = await made.daruma('vault', 'verify');
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
});

test('points are made by a cron pattern', async (t) => {
  const { made } = await notes(t, 'every: "* * * * * *", keep: { last: 9 }');
  await made.up();
  await until('the pattern has come round again', async () => {
    const { points } = await listed(made, 'notes');
    return points.filter(({ why }) => why === 'schedule').length >= 2;
  });
});

test('a shutdown goes on without a point that takes too long, and says so', async (t) => {
  const endless = 'dump: [sleep, "1000"], load: [cat]';
  const stand = await notes(t, `${endless}, on: [shutdown], shutdown_timeout: 1s`);
  const { made } = stand;
  await made.up();
  const stopped = await made.daruma('stop', 'notes');
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout, /; no recovery point of notes: it was not made within 1 s$/m);
  assert.equal((await made.daruma('start', 'notes')).code, 0);
  const failed = await until('its end is on record', async () => {
    const records = (await made.events()).map(({ record }) => record);
    return records.find((one) => one.kind === 'point' && one.what === 'failed');
  });
  assert.ok(failed.kind === 'point' && failed.what === 'failed');
  assert.deepEqual([failed.why, failed.error?.code], ['shutdown', 'TIMED_OUT']);
  const run = await made.daruma('down');
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /it was not made within 1 s$/m);
});

test('a service is restored to a point, undone, and restored for good', async (t) => {
  const stand = await notes(t, 'keep: { last: 9 }');
  const { made } = stand;
  await made.up();
  await stand.add('one');
  const first = await made.daruma('backup', 'notes', '--name', 'first');
  assert.equal(first.code, 0, first.stderr);
  await stand.add('two');
  const refused = await made.daruma('restore', 'notes', '--to', 'first');
  assert.equal(refused.code, 8, 'nobody consented');
  const restored = await made.daruma('restore', 'notes', '--to', 'first', '--yes');
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /^from point \S+: 4 B/m);
  assert.deepEqual(await stand.read(), ['one']);
  const again = await made.daruma('restore', 'notes', '--to', 'first', '--yes');
  assert.match(again.stderr, /confirm or undo/);
  assert.equal((await made.daruma('restore', 'notes', '--undo', '--yes')).code, 0);
  assert.deepEqual(await stand.read(), ['one', 'two']);
  await made.daruma('restore', 'notes', '--to', 'first', '--yes');
  assert.equal((await made.daruma('restore', 'notes', '--confirm', '--yes')).code, 0);
  assert.deepEqual(await stand.read(), ['one']);
  assert.deepEqual(asideIn(made.directory), []);
});

test('what was shown is restored, whatever is copied or pruned before', async (t) => {
  const stand = await notes(t, 'on: [before-destructive], keep: { last: 1, min_age: 0s }');
  const { made } = stand;
  await made.up();
  await stand.add('one');
  assert.equal((await made.daruma('backup', 'notes', '--name', 'first')).code, 0);
  await stand.add('two');
  const restored = await made.daruma('restore', 'notes', '--yes');
  assert.equal(restored.code, 0, restored.stderr);
  assert.deepEqual(await stand.read(), ['one']);
  const { points } = await listed(made, 'notes');
  assert.deepEqual(
    points.map(({ why }) => why),
    ['person', 'before-destructive'],
  );
  assert.equal((await made.daruma('restore', 'notes', '--undo', '--yes')).code, 0);
  assert.deepEqual(await stand.read(), ['one', 'two']);
  // As one that was decided by itself: it names no point.
  await stand.add('three');
  const client = new ControlClient(made.stateDir);
  const to = { kind: 'latest' } as const;
  const plan = { ...(await client.planRestore('notes', to)), target: to };
  const order = { service: 'notes', to, plan, only: [], identity: null };
  await client.request('a test', { kind: 'restore', ...order });
  assert.deepEqual(await stand.read(), ['one', 'two']);
});

test('data that is gone comes back, though nothing can be copied before', async (t) => {
  const stand = await notes(t, 'on: [before-destructive], keep: { last: 9 }');
  const { made } = stand;
  await made.up();
  await stand.add('one');
  assert.equal((await made.daruma('backup', 'notes')).code, 0);
  rmSync(path.join(made.directory, 'data'), { recursive: true });
  const restored = await made.daruma('restore', 'notes', '--yes');
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  assert.deepEqual(await stand.read(), ['one']);
});

test('paths that are not among the data are refused before anything is asked', async (t) => {
  const { made } = await notes(t, 'keep: { last: 9 }');
  await made.up();
  assert.equal((await made.daruma('backup', 'notes')).code, 0);
  const outside = await made.daruma('restore', 'notes', '--path', '/etc/passwd');
  assert.equal(outside.code, 2);
  assert.match(outside.stderr, /\/etc\/passwd is not among the data: /);
});

test('a copy, also of one file, needs no running stack and leaves the service alone', async (t) => {
  const stand = await notes(t, 'keep: { last: 9 }');
  const { made } = stand;
  await made.up();
  await stand.add('one');
  await made.daruma('backup', 'notes');
  await made.daruma('down');
  const copy = path.join(made.directory, 'copy');
  const copied = await made.daruma('restore', 'notes', '--as-copy', copy);
  assert.equal(copied.code, 0, copied.stderr);
  assert.equal(readFileSync(path.join(copy, 'data/notes'), 'utf8'), 'one\n');
});

test('one file is restored by itself, and back again', async (t) => {
  const stand = await notes(t, 'keep: { last: 9 }');
  const { made } = stand;
  await made.up();
  await stand.add('one');
  await made.daruma('backup', 'notes');
  await stand.add('two');
  const other = path.join(made.directory, 'data/other');
  writeFileSync(other, 'new');
  const run = await made.daruma('restore', 'notes', '--path', 'data/notes', '--yes');
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.deepEqual(await stand.read(), ['one']);
  assert.equal(readFileSync(other, 'utf8'), 'new');
  assert.equal((await made.daruma('restore', 'notes', '--undo', '--yes')).code, 0);
  assert.deepEqual(await stand.read(), ['one', 'two']);
});

test('points that fail are told, and no longer once one is made', async (t) => {
  const stand = await notes(t, 'every: 1s, to: [place/vault], keep: { last: 2, min_age: 0s }');
  const { made } = stand;
  const blocked = path.join(made.directory, 'place');
  writeFileSync(blocked, 'no directory');
  await made.up();
  await assert.rejects(made.json('backup', 'notes'));
  await assert.rejects(made.json('backup', 'notes'));
  const told = await until('somebody is told', async () => (await made.incidents())[0]);
  assert.match(told.actions[0]?.reason ?? '', /^look at the recovery points of notes: 2 in a row/);
  rmSync(blocked);
  assert.equal((await made.daruma('backup', 'notes')).code, 0);
  await until('it is over', async () => (await made.incidents())[0]?.state === 'resolved');
  assert.equal((await made.instance('notes/1')).restarts, 0);
});

test('a drill proves a point; one that does not restore is told', async (t) => {
  const check = '[{ command: [grep, one, "${DATA_DIR}/notes"] }]';
  const stand = await notes(t, 'keep: { last: 9 }', `    restore_drill: { verify: ${check} }\n`);
  const { made } = stand;
  await made.up();
  await stand.add('one');
  await made.daruma('backup', 'notes');
  const proven = await made.daruma('restore-drill', 'notes');
  assert.equal(proven.code, 0, proven.stdout + proven.stderr);
  const { points } = await pointsOf(made, 'notes', 1);
  assert.equal(points[0]?.proven?.ok, true);
  const vault = path.join(made.stateDir, 'vault/notes');
  const archive = readdirSync(vault).find((name) => name.includes('.tar.zst')) ?? '';
  writeFileSync(path.join(vault, archive), 'damaged');
  assert.notEqual((await made.daruma('restore-drill', 'notes')).code, 0);
  const told = await until('somebody is told', async () => (await made.incidents())[0]);
  assert.match(told.actions[0]?.reason ?? '', /does not restore/);
  const damaged = await made.daruma('vault', 'verify');
  assert.equal(damaged.code, 1);
  assert.ok(damaged.stdout.includes(archive), damaged.stdout);
  assert.ok(existsSync(path.join(made.directory, 'data/notes')));
});

/** What restores have put aside, or not put in place. */
function asideIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => /\.(before|restored)-/.test(name));
}
