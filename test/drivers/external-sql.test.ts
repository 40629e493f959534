/** An external PostgreSQL is asked for its role, promoted and fenced by queries. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createDrivers } from '../../src/drivers/index.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import type { FailoverSpec, RoleCallSpec } from '../../src/model/stack-spec.ts';
import { expandTemplate } from '../../src/model/template.ts';
import type { DriverContext, RoleDriver } from '../../src/ports/driver.ts';
import { limitMs, PostgresGroup } from './postgres-group.ts';
import { serviceSpec } from './scene.ts';

const first = { epoch: 1, primary: 'db/1' as const, eligible: [] };
let group: PostgresGroup | null = null;

afterEach(() => group?.remove());

function sql(query: string, url: string): RoleCallSpec {
  return { kind: 'sql', query, url, timeoutMs: limitMs };
}

/** The servers of the group, as somebody else's. */
async function external(from: PostgresGroup, rest: Partial<FailoverSpec> = {}) {
  const { user, password } = await from.driver.attributes(from.service, from.scene.stateDir);
  const url = `postgres://${user}:${password}@127.0.0.1:\${PORT}/app`;
  const role = "select case when pg_is_in_recovery() then 'standby' else 'primary' end";
  const failover: FailoverSpec = {
    ...{ mode: 'active-standby', switchoverLimitMs: 1_000, holdMs: 1_000 },
    role: sql(role, url),
    become: sql(`select 'epoch \${EPOCH}'; select pg_promote()`, url),
    ...rest,
  };
  const service = { ...serviceSpec({ driver: 'external', failover }), replicas: 2 };
  const { external: driver } = createDrivers();
  assert.ok(driver.roles);
  const context = (instance: InstanceId, epoch: number): DriverContext => {
    const order = { role: 'primary' as const, epoch, primary: instance, eligible: [] };
    const known: Readonly<Record<string, string>> = {
      PORT: String(from.port(instance)),
      EPOCH: String(epoch),
    };
    return {
      ...from.context(instance, first),
      service,
      expand: (text) => expandTemplate(text, (name) => known[name]),
      role: { order, primaryPort: null },
    };
  };
  return { roles: driver.roles satisfies RoleDriver, context, url };
}

test('by queries', async () => {
  group = await PostgresGroup.make(2, {
    users: [{ name: 'app', password: 'it is secret', owner: true }],
  });
  await group.begin();
  const leads = group.context('db/1', first);
  await group.driver.sql?.(leads, 'grant execute on function pg_promote to app', limitMs);
  const { roles, context } = await external(group);
  const roleOf = async (one: InstanceId) => (await roles.look(context(one, 1), limitMs)).role;
  assert.deepEqual([await roleOf('db/1'), await roleOf('db/2')], ['primary', 'standby']);
  await group.end('db/1');
  await roles.promote(context('db/2', 2), limitMs);
  assert.equal(await roleOf('db/2'), 'primary');
  // What is primary already is not promoted again: that would fail.
  await roles.promote(context('db/2', 2), limitMs);
  await assert.rejects(roleOf('db/1'), (error: Error) => {
    assert.match(error.message, /the query to db\/1 failed: connect ECONNREFUSED/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});

test('what a fence can not ask has fenced nobody; a wrong answer is no role', async () => {
  group = await PostgresGroup.make(1);
  await group.start('db/1', first);
  const nobody = 'postgres://nobody:nothing@127.0.0.1:1/none';
  const { roles, context } = await external(group, {
    fence: sql('select 1', nobody),
    role: sql('select 7', (await external(group)).url),
  });
  await assert.rejects(roles.fence(context('db/1', 1)), /^DarumaError: the query to db\/1 failed/);
  await assert.rejects(roles.look(context('db/1', 1), limitMs), /its role was answered with "7"/);
});
