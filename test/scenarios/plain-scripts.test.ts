/** A service of plain scripts and a pid file: ends, starts by others, and its log. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { ErrorRecord } from '../../src/model/error-record.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { type Bench, background, bench, processesOf, until } from './harness.ts';
import { killController } from './own-processes.ts';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');

const script = `#!/bin/sh
cd "$(dirname "$0")"
case $1 in
  start)
    echo start >>calls
    (while :; do sleep 1; done) </dev/null >>web.log 2>&1 &
    echo $! >web.pid ;;
  stop)
    echo stop >>calls
    kill -9 "$(cat web.pid)"; rm web.pid ;;
  status)
    kill -0 "$(cat web.pid)" 2>/dev/null || { echo "no process"; exit 3; } ;;
esac
`;

const stack = (directory: string) => `
name: scripts
services:
  web:
    driver: external
    external:
      start: [sh, ${directory}/web.sh, start]
      stop: [sh, ${directory}/web.sh, stop]
      status: [sh, ${directory}/web.sh, status]
      logs: [tail, -n, "0", -F, ${directory}/web.log]
      pid_file: ${directory}/web.pid
    healthcheck: { interval: 1s, timeout: 5s, retries: 2, start_period: 30s }
    symptoms:
      - { log: "^错误(.+?)$", count: 2, within: 1m, quiet: 2s }
`;

const pidIn = (stand: Bench) => Number(readFileSync(path.join(stand.directory, 'web.pid'), 'utf8'));
const calls = (stand: Bench) => readFileSync(path.join(stand.directory, 'calls'), 'utf8');

function readyWithin(stand: Bench, what: string): Promise<number> {
  return until(what, async () => {
    const { phase, pid } = await stand.instance('web/1');
    return phase === 'ready' && pid === pidIn(stand) && pid;
  });
}

async function scripts(t: Parameters<typeof bench>[0]): Promise<Bench> {
  const stand = await bench(t, '');
  await stand.rewrite(stack(stand.directory));
  await writeFile(path.join(stand.directory, 'web.sh'), script);
  await writeFile(path.join(stand.directory, 'web.log'), '');
  return stand;
}

test('plain scripts: started, mended, left to others, stopped', async (t) => {
  const stand = await scripts(t);
  await stand.up();
  const first = await readyWithin(stand, 'it was started');
  assert.equal(calls(stand), 'start\n');

  process.kill(first, 'SIGKILL');
  const second = await until('it is started again', async () => {
    const { phase, pid } = await stand.instance('web/1');
    return phase === 'ready' && pid !== first && pid;
  });
  const [incident] = await stand.incidents();
  assert.deepEqual([incident?.component, incident?.causes[0]?.fault], ['web/1', 'crash']);
  assert.equal(calls(stand), 'start\nstart\n', 'what is gone is not stopped');

  assert.equal((await stand.daruma('stop', 'web')).code, 0);
  await until('it is gone', () => identify(second) === null);
  await stand.daruma('start', 'web');
  await readyWithin(stand, 'it is started on request');
  assert.equal((await stand.daruma('down')).code, 0);
  assert.equal(calls(stand), 'start\nstart\nstop\nstart\nstop\n');
});

test('daruma logs shows what its logs command prints, also while Daruma is down', async (t) => {
  const stand = await scripts(t);
  const log = path.join(stand.directory, 'web.log');
  await stand.rewrite(stack(stand.directory).replace('-n, "0"', '-n, "+1"'));
  appendFileSync(log, 'first\nsecond\nthird\n');
  const all = 'web/1 | first\nweb/1 | second\nweb/1 | third\n';
  assert.equal((await stand.daruma('logs')).stdout, all);
  await stand.up();
  assert.equal((await stand.daruma('logs', 'web')).stdout, all);
  const last = await stand.daruma('logs', 'web/1', '-n', '1', '--json');
  assert.deepEqual(JSON.parse(last.stdout), { instance: 'web/1', text: 'third' });

  const argv = ['--disable-warning=ExperimentalWarning', main, 'logs', '-f', 'web'];
  const following = background(t, [process.execPath, ...argv], stand.directory);
  let shown = '';
  following.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await until('the old lines', () => shown === all);
  appendFileSync(log, 'fourth\n');
  await until('the new line', () => shown === `${all}web/1 | fourth\n`);
  const ended = once(following, 'exit');
  following.kill('SIGINT');
  await ended;
  const killed = background(t, [process.execPath, ...argv], stand.directory);
  await until('it is shown again', () => processesOf(log).length === 2);
  killed.kill('SIGKILL');
  await until('it ends with who showed it', () => processesOf(log).length === 1);
  assert.equal((await stand.daruma('down')).code, 0);
  await until('nothing follows it any more', () => processesOf(log).length === 0);
});

test('its logs command is followed while it is watched, and started again', async (t) => {
  const stand = await scripts(t);
  await stand.up();
  await readyWithin(stand, 'it was started');
  const log = path.join(stand.directory, 'web.log');
  const followers = () => processesOf(log);
  const [tail = 0] = await until('its log is followed', () => {
    const found = followers();
    return found.length === 1 && found;
  });
  // What it prints before it has looked at the file for the first time can't be known.
  const pattern = '错误 the disk';
  const seen = async () => {
    const records = await stand.json<ErrorRecord[]>('errors');
    return records.find(({ source }) => source === 'log')?.count ?? 0;
  };
  await until('a line shows', async () => {
    appendFileSync(log, `${pattern}\n`);
    return (await seen()) >= 2;
  });
  await until('the pattern is told', async () =>
    (await stand.incidents()).some(({ symptoms }) => symptoms.some(({ kind }) => kind === 'log')),
  );
  process.kill(tail, 'SIGKILL');
  await until(
    'it is followed by another',
    () => followers().length === 1 && followers()[0] !== tail,
  );
  const before = await seen();
  await until('a line shows again', async () => {
    appendFileSync(log, `${pattern}\n`);
    return (await seen()) > before;
  });
  assert.equal(calls(stand), 'start\n', 'log lines alone restart nothing');
  await killController(stand, () => until('its end with it', () => followers().length === 0));
  await until('the next one follows it', () => followers().length === 1);
  await stand.daruma('down');
  await until('it is no longer followed', () => followers().length === 0);
});
