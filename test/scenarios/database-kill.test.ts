/**
 * The database of the accounts example fails under load. It is blamed although the
 * API fails too, it alone is acted on, in one incident, and nothing acknowledged is lost.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { LogRecord, PlannedAction } from '../../src/model/record.ts';
import type { IncidentView } from '../../src/model/view.ts';
import { type Accounts, accounts, oneDatabase, patient } from './accounts.ts';
import { whole } from './failover-stand.ts';
import { type Bench, processesOf, until } from './harness.ts';
import { allReady } from './only-once.ts';
import { type SlowPostgres, slowPostgres } from './slow-postgres.ts';

/** Changes to the example: its database is one that can be held away. */
function awayWith({ binDir }: SlowPostgres): Record<string, string> {
  return {
    'driver: postgres': `driver: postgres\n    postgres: { bin_dir: ${binDir} }`,
    'interval: 500ms, timeout: 1s, retries: 2, start_period: 10s':
      'interval: 200ms, timeout: 8s, retries: 2, start_period: 30s',
    ...patient,
    ...oneDatabase,
  };
}

/** An API that ends when it loses the database, as many programs do. */
const fragile = `
import { Client } from 'pg';
const client = new Client({ connectionString: process.env.DATABASE_URL });
client.on('error', () => process.exit(1));
await client.connect();
await import('./api.ts');
`;

/** Passwords are hashed: with more, the API would be overloaded before its database fails, on a
 * machine that is busy with other tests. */
const ratePerSecond = 30;

interface Steps {
  readonly before?: (made: Bench) => unknown;
  /** After it broke. */
  readonly meanwhile?: (made: Bench) => Promise<void>;
}

/** Breaks the database under load; resolves when all is well again and nothing was lost. */
async function breaks(
  { made, load }: Accounts,
  signal: NodeJS.Signals,
  { before, meanwhile }: Steps = {},
): Promise<IncidentView> {
  await made.up();
  const running = await load(ratePerSecond);
  await before?.(made);
  const pid = await made.pid('db/1');
  process.kill(pid, signal);
  await meanwhile?.(made);
  const incident = await until('the symptoms are over', async () => {
    const all = await allReady(made);
    const [newest] = await made.incidents();
    const over = newest?.state === 'verifying' || newest?.state === 'resolved';
    const renewed = all?.some((one) => one.id === 'db/1' && one.pid !== pid);
    return over && renewed && newest;
  });
  await running.registered(5);
  const { wrong, lost } = await running.stop();
  assert.deepEqual({ wrong, lost }, { wrong: [], lost: [] });
  assert.deepEqual(
    (await made.incidents()).map(({ id, component }) => [id, component]),
    [['i1', 'db/1']],
    await made.story(),
  );
  return incident;
}

/** The database is away until there are records of this kind of both instances of the API. */
function awayUntil(slow: SlowPostgres, what: 'symptom-began' | 'instance-exited'): Steps {
  return {
    before: () => slow.hold(),
    meanwhile: async (made) => {
      await until(`the API has shown it: ${what}`, async () => {
        const shown = (await records(made)).flatMap((one) => {
          if (one.kind !== what) return [];
          return one.kind === 'symptom-began' ? [one.symptom.component] : [one.instance];
        });
        return shown.includes('api/1') && shown.includes('api/2');
      });
      slow.letStart();
    },
  };
}

async function records(made: Bench): Promise<LogRecord[]> {
  return (await made.events()).map(({ record }) => record);
}

async function onlyDatabaseRestarted(made: Bench): Promise<void> {
  const done = await costly(made);
  assert.match(done, /^restart db\/1: .*$/, `done:\n${done}\non record:\n${await made.story()}`);
}

/** What was done that costs budget, each with its reason on a line. */
async function costly(made: Bench): Promise<string> {
  const all = await records(made);
  const planned = new Map<string, PlannedAction>();
  for (const one of all)
    if (one.kind === 'action-planned') planned.set(one.planned.action, one.planned);
  const begun = all.flatMap((one) => {
    if (one.kind !== 'action-begun' || one.spared || one.incident === null) return [];
    return [planned.get(one.action)?.reason];
  });
  return begun.join('\n');
}

test('killed: it alone is restarted', async (t) => {
  const slow = await slowPostgres(t);
  const stack = await accounts(t, awayWith(slow));
  const { made } = stack;
  const { symptoms } = await breaks(stack, 'SIGKILL', awayUntil(slow, 'symptom-began'));
  await onlyDatabaseRestarted(made);
  const shown = new Set(symptoms.map(({ component }) => component));
  for (const one of ['db/1', 'api/1', 'api/2']) assert.ok(shown.has(one), `${one} shows it`);
  const starts = (await records(made)).filter(({ kind }) => kind === 'instance-starting');
  assert.equal(starts.length, 5, 'four, and the database again');
  assert.equal((await made.daruma('down')).code, 0);
  await until('nothing of it is left', () => processesOf(made.directory).length === 0);
});

for (const long of [false, true]) {
  const away = long ? 'for long' : 'for a moment';
  test(`killed, away ${away}, and the API exits of it: at no cost to the API`, async (t) => {
    const slow = await slowPostgres(t);
    const stack = await accounts(t, { ...awayWith(slow), ' api.ts"': ' fragile.ts"' });
    const { made } = stack;
    writeFileSync(path.join(made.directory, 'fragile.ts'), fragile);
    await breaks(stack, 'SIGKILL', long ? awayUntil(slow, 'instance-exited') : {});
    await onlyDatabaseRestarted(made);
    const all = await records(made);
    const exits = all.flatMap((one) => (one.kind === 'instance-exited' ? [one.instance] : []));
    assert.deepEqual(exits.sort(), ['api/1', 'api/2', 'db/1']);
    const held = all.filter((one) => one.kind === 'instance-held' && one.waitsFor === 'back-off');
    assert.deepEqual(held, []);
    assert.deepEqual(startedAfterReady(all), ['api/1', 'api/2']);
  });
}

/** Instances that were started after the database was ready for the second time. */
function startedAfterReady(all: readonly LogRecord[]): string[] {
  const back = all.findLastIndex((one) => one.kind === 'instance-ready' && one.instance === 'db/1');
  const after = all.slice(back + 1);
  return after.flatMap((one) => (one.kind === 'instance-starting' ? [one.instance] : [])).sort();
}

test('killed, with a standby: that takes over, and the former primary follows it', async (t) => {
  const stack = await accounts(t, patient);
  const { actions } = await breaks(stack, 'SIGKILL', { before: whole });
  assert.match(actions[0]?.reason ?? '', /^fail over from db\/1: it crashed/);
  const { group, instances } = (await stack.made.view()).services[0] ?? {};
  assert.deepEqual([group?.epoch, group?.primary], [2, 'db/2']);
  assert.deepEqual(
    instances?.map(({ role }) => role),
    ['standby', 'primary'],
  );
});

test('stopped: it hangs, and it alone is restarted', async (t) => {
  const stack = await accounts(t, { ...patient, ...oneDatabase });
  const { made } = stack;
  const { causes, actions } = await breaks(stack, 'SIGSTOP');
  assert.equal(causes[0]?.fault, 'hang');
  assert.match(actions[0]?.reason ?? '', /^restart db\/1: it hangs/);
  await onlyDatabaseRestarted(made);
});
