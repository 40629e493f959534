import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DarumaError } from '../../src/model/errors.ts';
import type { ProbeSpec } from '../../src/model/stack-spec.ts';
import {
  healthcheck,
  type Observing,
  observing,
  until,
  type Watching,
  watched,
} from './observing.fixture.ts';

async function confirmOnce(
  here: Observing,
  probe: ProbeSpec,
  what: Watching = {},
): Promise<string> {
  here.told.length = 0;
  const check = healthcheck(probe, {
    timeoutMs: 5_000,
    intervalMs: 60_000,
    startIntervalMs: 60_000,
  });
  here.observer.watch(watched({ healthcheck: check, ...what }));
  here.observer.confirm(['api/1'], 20_000);
  const confirmed = () => here.told.find((text) => text.startsWith('confirmed'));
  await until('an answer', () => confirmed() !== undefined);
  here.observer.unwatch('api/1');
  return confirmed()?.replace('confirmed api/1 ', '') ?? '';
}

function exec(script: string, nagios = false): ProbeSpec {
  return { kind: 'exec', command: { argv: ['/bin/sh', '-c', script] }, nagios };
}

const scripts: readonly (readonly [string, boolean, string])[] = [
  ['true', false, 'true: health check passed'],
  ['exit 1', false, 'false: exit code 1'],
  ['echo disk full; exit 2', false, 'false: exit code 2: disk full'],
  ['echo oh no >&2; exit 3', false, 'false: exit code 3: oh no'],
  ['kill -SEGV $$', false, 'false: killed by SIGSEGV'],
  ['test ${INSTANCE} = api/1', false, 'true: health check passed'],
  ['echo "WARNING - slow | time=250ms"; exit 1', true, 'true: health check passed'],
  ['echo "CRITICAL - down | time=9s"; exit 2', true, 'false: exit code 2: CRITICAL - down'],
  ['echo "UNKNOWN"; exit 3', true, 'false: exit code 3: UNKNOWN'],
];

test('exec checks', async (t) => {
  await using here = observing();
  for (const [script, nagios, expected] of scripts) {
    await t.test(script, async () => {
      assert.equal(await confirmOnce(here, exec(script, nagios)), expected);
    });
  }
  await t.test('no such program', async () => {
    const probe: ProbeSpec = { kind: 'exec', command: { argv: ['/no/such'] }, nagios: false };
    assert.match(await confirmOnce(here, probe), /^false: could not be run: .*ENOENT/);
  });
  await t.test('a user that can not be had', async () => {
    const asUser = (): never => {
      throw new DarumaError('USER_UNKNOWN', 'there is no user «bob»');
    };
    await using other = observing({ asUser });
    const told = await confirmOnce(other, exec('true'), { user: 'bob' });
    assert.equal(told, 'false: could not be run: there is no user «bob»');
  });
});

test('perfdata of a Nagios check becomes signals', async () => {
  await using here = observing();
  const probe = exec('echo "OK | time=250ms used=40%"', true);
  here.observer.watch(watched({ healthcheck: healthcheck(probe, { timeoutMs: 20_000 }) }));
  const value = (signal: string) =>
    here.observer.latest('api').find((sample) => sample.signal === signal)?.value;
  await until('perfdata', () => value('check.used') !== undefined);
  assert.equal(value('check.time'), 0.25);
  assert.equal(value('check.used'), 0.4);
});

test('an exec check that hangs is killed with its children', async () => {
  await using here = observing();
  const directory = mkdtempSync(join(tmpdir(), 'daruma-observe-'));
  try {
    const file = join(directory, 'pids');
    const script = `sleep 1000 & echo $$ $! > ${file}.new; mv ${file}.new ${file}; wait`;
    const check = healthcheck(exec(script), {
      timeoutMs: 4_000,
      intervalMs: 60_000,
      startIntervalMs: 60_000,
    });
    here.observer.watch(watched({ healthcheck: check }));
    here.observer.confirm(['api/1'], 20_000);
    await until('the time-out', () => here.told.length === 1);
    assert.deepEqual(here.told, ['confirmed api/1 false: timed out after 4000 ms']);
    const pids = readFileSync(file, 'utf8').trim().split(' ');
    assert.equal(pids.length, 2);
    await until('their end', () => !pids.some((pid) => alive(pid)));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a grandchild that keeps the pipes open does not hold up the answer', async () => {
  await using here = observing();
  const directory = mkdtempSync(join(tmpdir(), 'daruma-observe-'));
  const file = join(directory, 'pid');
  try {
    const answer = await confirmOnce(here, exec(`sleep 1000 & echo $! > ${file}; echo fine`));
    assert.equal(answer, 'true: health check passed');
  } finally {
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    rmSync(directory, { recursive: true });
  }
});

/** Not merely waiting to be collected. */
function alive(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

test('tcp checks', async (t) => {
  await using here = observing();
  const server = createServer().listen(0, '127.0.0.1');
  await until('listening', () => server.listening);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cases: readonly (readonly [string | null, number | null, string])[] = [
    [null, port, 'true: health check passed'],
    [`${port}`, null, 'true: health check passed'],
    [`127.0.0.1:${port}`, null, 'true: health check passed'],
    [null, null, 'false: no address to connect to'],
    ['nonsense', null, 'false: no address to connect to: nonsense'],
    ['127.0.0.1:1', null, 'false: connection refused at port 1'],
  ];
  for (const [given, own, expected] of cases) {
    await t.test(`${given} ${own === null ? '' : 'own port'}`, async () => {
      assert.equal(
        await confirmOnce(here, { kind: 'tcp', address: given }, { port: own }),
        expected,
      );
    });
  }
  server.close();
});

test('driver and sql checks', async () => {
  await using here = observing();
  const asked: string[] = [];
  const sqlCheck = async (query: string) => {
    asked.push(query);
  };
  const sql: ProbeSpec = { kind: 'sql', query: 'select 1' };
  assert.equal(await confirmOnce(here, sql, { sqlCheck }), 'true: health check passed');
  assert.ok(asked.includes('select 1'));
  const driver: ProbeSpec = { kind: 'driver' };
  const failing = async () => {
    throw new Error('the database is starting up');
  };
  const told = await confirmOnce(here, driver, { driverCheck: failing });
  assert.equal(told, 'false: the database is starting up');
  const never = () => new Promise<void>(() => undefined);
  const hung = await confirmOnce(here, driver, { driverCheck: never });
  assert.equal(hung, 'false: timed out after 5000 ms');
  assert.match(await confirmOnce(here, driver), /^false: its driver has no such check/);
});
