/**
 * A PostgreSQL cluster back by hand, by the lines of docs/operating/recovery-points.md: age, zstd,
 * tar, and PostgreSQL's own programs.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from 'pg';
import type { PointView } from '../../src/model/recovery-point.ts';
import { freePort } from '../free-port.ts';
import {
  type Bench,
  bench,
  endProcessesOf,
  removeDataElsewhere,
  until,
} from '../scenarios/harness.ts';
import { linesOfPage, newKey, runLines } from './bare-scene.ts';
import { emptyDirectory } from './source-scene.ts';

const [, byHand = '', withLog = ''] = linesOfPage('By hand');

async function query(port: number, password: string, text: string) {
  const client = new Client({
    ...{ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', password },
  });
  // A server that is still coming up cuts it; the query tells.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** A cluster whose log is stored up to a row that came after its point. Returns what is needed of
 * it when it is gone. */
async function keptCluster(machine: Bench, port: number) {
  await machine.up();
  const secrets = JSON.parse(readFileSync(join(machine.stateDir, 'secrets/db.json'), 'utf8'));
  const password = String(secrets.superuser);
  await query(port, password, 'CREATE TABLE letter (text text)');
  await query(port, password, "INSERT INTO letter VALUES ('before')");
  const { code, stdout, stderr } = await machine.daruma('backup', 'db');
  assert.equal(code, 0, stdout + stderr);
  await query(port, password, "INSERT INTO letter VALUES ('after')");
  const writtenAt = Date.now();
  const point = await until('the log is kept', async () => {
    const { points } = await machine.json<{ points: PointView[] }>('points', 'db');
    return points.findLast(({ restorableUntil }) => (restorableUntil ?? 0) > writtenAt);
  });
  const program = readlinkSync(`/proc/${await machine.pid('db/1')}/exe`);
  return { password, id: point.id, program };
}

/** As the user who may: PostgreSQL refuses root. */
function startServer(program: string, directory: string, port: number): ChildProcess {
  const settings = ['hot_standby=off', 'unix_socket_directories=', 'listen_addresses=127.0.0.1'];
  const options = settings.flatMap((setting) => ['-c', setting]);
  const argv = [program, '-D', join(directory, 'data'), '-p', String(port), ...options];
  const isRoot = process.getuid?.() === 0;
  if (isRoot) execFileSync('chown', ['-R', 'postgres:postgres', directory]);
  const user = isRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
  const [file = '', ...args] = [...user, ...argv];
  return spawn(file, args, { stdio: 'ignore' });
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGINT');
  await ended;
}

test('a cluster, with all that was kept of its log', async (t) => {
  const outside = emptyDirectory(t);
  chmodSync(outside, 0o755);
  const key = await newKey(outside);
  const [port, vault] = [await freePort(), join(outside, 'vault')];
  const recipient = key.spec.kind === 'recipient' ? key.spec.recipient : '';
  const machine = await bench(
    t,
    `
name: bare
services:
  db:
    driver: postgres
    endpoint: ${port}
    recovery_points: { every: 1h, to: [${vault}], encrypt_to: [${recipient}], archive_timeout: 1s }
`,
  );
  const { password, id, program } = await keptCluster(machine, port);
  await machine.daruma('down');
  await endProcessesOf(machine.directory);
  removeDataElsewhere(machine.stateDir);
  rmSync(machine.directory, { recursive: true });

  const into = join(outside, 'hand');
  const environment = { VAULT: vault, SERVICE: 'db', POINT: id, KEY: key.file };
  runLines(byHand + withLog, into, environment);
  assert.ok(readdirSync(join(into, 'wal')).length > 0);
  const elsewhere = await freePort();
  const server = startServer(program, into, elsewhere);
  try {
    const ask = () => query(elsewhere, password, 'SELECT text FROM letter ORDER BY text');
    assert.deepEqual(await until('it answers', ask), [{ text: 'after' }, { text: 'before' }]);
  } finally {
    await end(server);
  }
});
