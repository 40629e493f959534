/** The controller is killed at each record of a fail-over, with what it had begun carried out or
 * not; the world refuses a second primary and an older epoch (see `roles.fixture.ts`). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InstanceId } from '../model/ids.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { database, stack } from './stack.fixture.ts';

const trio = () => scenario(stack([database('db', { replicas: 3 })]));

interface Path {
  readonly begin: (s: Scenario) => void;
  /** That may be primary in the end. */
  readonly primaries: readonly InstanceId[];
  /** Primaries one after the other; absent: two. */
  readonly epochsMax?: number;
  /** The primary failed: once its fence has begun, another one leads in the end. */
  readonly fails?: true;
}

const paths: Readonly<Record<string, Path>> = {
  'the first start': { begin: (s) => s.ask({ kind: 'up' }), primaries: ['db/1'] },
  'a primary that crashed': {
    begin: (s) => s.up().exits('db/1', 'SIGKILL'),
    primaries: ['db/1', 'db/2'],
    fails: true,
  },
  'a primary that hangs': {
    begin: (s) => s.up().shows('db/1', 'health-timeout'),
    primaries: ['db/1', 'db/2'],
    fails: true,
  },
  'a primary that leaks': {
    begin: (s) => s.up().shows('db/1', 'memory', { faults: ['leak'] }),
    primaries: ['db/1', 'db/2'],
    fails: true,
  },
  'a standby that crashed': { begin: (s) => s.up().exits('db/3', 'SIGKILL'), primaries: ['db/1'] },
  'a switchover': {
    begin: (s) => s.up().ask({ kind: 'switchover', service: 'db', to: null, limitMs: 1000 }),
    primaries: ['db/1', 'db/2'],
  },
  'a rolling restart': {
    // What is not answered yet is begun anew.
    begin: (s) => s.up().ask({ kind: 'restart', target: 'db' }),
    primaries: ['db/1', 'db/2', 'db/3'],
    epochsMax: 4,
  },
  'primary and standby that crashed': {
    begin: (s) => s.up().exits('db/2', 'SIGKILL').exits('db/1', 'SIGKILL'),
    primaries: ['db/1', 'db/2', 'db/3'],
  },
};

/** Records that the path writes when nobody is killed. */
function lengthOf(path: Path): number {
  const s = trio();
  const before = s.records.length;
  path.begin(s);
  return s.passes(20_000).records.length - before;
}

/** The records of before its death say that the primary's role is being taken from it. */
function isFenced(s: Scenario): boolean {
  return s.records.some(
    (one) => one.kind === 'role-step' && one.step === 'fence' && one.instance === 'db/1',
  );
}

function settled(s: Scenario, path: Path, at: number, mustChange: boolean): void {
  const { primary, epoch, eligible, servedAt, change } = s.groupState('db');
  const told = `killed at record ${at}: ${s.group('db')}\n${s.sentences().join('\n')}`;
  assert.ok(primary !== null && path.primaries.includes(primary), told);
  assert.ok(servedAt !== null && change === null, told);
  assert.equal(eligible.length, 2, told);
  assert.deepEqual([...s.roles.names].sort(), [...eligible].sort(), told);
  assert.deepEqual(s.route('db'), [`${primary} serving`], told);
  assert.deepEqual(
    s.incidents().filter((one) => one.state !== 'resolved'),
    [],
    told,
  );
  const chosen = s.records.flatMap((one) => (one.kind === 'primary-chosen' ? [one.epoch] : []));
  assert.deepEqual(
    chosen,
    Array.from({ length: epoch }, (_, index) => index + 1),
    told,
  );
  assert.ok(epoch <= (path.epochsMax ?? 2), told);
  assert.ok(epoch >= (mustChange ? 2 : 1), told);
  assert.deepEqual(s.state.services['db']?.queue, [], told);
  assert.deepEqual(s.state.requests, {}, told);
}

describe('the controller is killed during', () => {
  for (const [name, path] of Object.entries(paths)) {
    for (const lose of ['commands', 'nothing'] as const) {
      test(`${name}; of what it commanded, ${lose} is lost`, () => {
        const length = lengthOf(path);
        for (let at = 1; at < length; at += 1) {
          const s = trio().diesAfter(at);
          path.begin(s);
          s.passes(20_000);
          assert.ok(s.isDead());
          const mustChange = path.fails === true && isFenced(s);
          s.controllerDies(lose).controllerReturns().mendAll();
          s.ask({ kind: 'up' }).endAll().passes(60_000);
          settled(s, path, at, mustChange);
        }
      });
    }
  }
});
