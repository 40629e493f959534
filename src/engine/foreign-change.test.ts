/** The primary of an external service is changed by somebody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Role } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';
import { type Scenario, scenario } from './scenario.fixture.ts';
import { service, stack } from './stack.fixture.ts';

function external(fence: boolean): Scenario {
  const command = { argv: ['do'] };
  const spec = service('far', {
    driver: 'external',
    replicas: 2,
    external: {
      ...{ start: command, stop: command, status: null, logs: null },
      ...{ timeoutMs: 1000, pidFile: null },
    },
    failover: {
      ...{ mode: 'active-standby', switchoverLimitMs: 1000, holdMs: 1000 },
      ...(fence ? { fence: command } : {}),
    },
  });
  const s = scenario(stack([spec])).up();
  is(s, 'far/1', 'primary');
  is(s, 'far/2', 'standby');
  assert.equal(s.group('far'), '1 far/1 [] serving');
  return s.forget();
}

function is(s: Scenario, instance: InstanceId, role: Role): Scenario {
  const seen = { role, epoch: null, standbys: [], streaming: role === 'standby' };
  if (role === 'standby') s.roles.ended(instance);
  return s.tell({ kind: 'role-seen', instance, seen });
}

function reasons(s: Scenario): string[] {
  return s.records.flatMap((one) => (one.kind === 'primary-chosen' ? [one.reason] : []));
}

test('it is adopted by a record, once the recorded one is seen to be a standby', () => {
  const s = is(is(external(true), 'far/1', 'standby'), 'far/2', 'primary');
  assert.equal(
    reasons(s).at(-1),
    'F7: far/2 is primary of epoch 2: somebody else made it so, and F1: far/1 is a standby',
  );
  assert.deepEqual(s.steps().slice(0, 1), ['promote far/2 2']);
  s.passes(5_000);
  assert.equal(s.group('far'), '2 far/2 [] serving');
  assert.deepEqual(s.route('far'), ['far/2 serving']);
  assert.deepEqual(s.steps(), ['promote far/2 2', 'follow far/1 2']);
  assert.deepEqual(s.incidents(), []);
});

test('or when it is down, also without a way to fence', () => {
  const s = external(false);
  s.cannotStart('far/1', 'its host is gone', true).exits('far/1', 'unknown').passes(100);
  assert.equal(s.groupState('far').epoch, 1);
  is(s, 'far/2', 'primary').passes(5_000);
  assert.match(reasons(s).at(-1) ?? '', /and F1: far\/1 does not run$/);
  assert.equal(s.group('far'), '2 far/2 [] serving');
});

test('two primaries are a fault: the one beside the record is fenced, or a person is asked', () => {
  const s = is(external(true), 'far/2', 'primary');
  assert.deepEqual(s.steps(), ['fence far/2 1']);
  const other = is(external(false), 'far/2', 'primary');
  assert.deepEqual(other.steps(), []);
  assert.equal(other.incident().state, 'needs-person');
  assert.match(
    other.incident().summary,
    /^far\/2 needs a person: it is primary although the record of epoch 1 names far\/1 \(F1\); there is no/,
  );
  assert.equal(other.groupState('far').epoch, 1);
  is(other, 'far/1', 'standby').passes(5_000);
  assert.equal(other.group('far'), '2 far/2 [] serving');
  assert.deepEqual(
    other.incident().symptoms.map((one) => one.ended === null),
    [false],
  );
});
