/** Role steps of plain programs: real processes, fenced, started anew, told by command and HTTP. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RoleDriver } from '../../src/ports/driver.ts';
import { lives, textOf, until, writtenNumber } from '../supervise/scene.ts';
import { order, rolesScene } from './roles-scene.ts';

/** Says what it is, and goes on. */
const sayer = ['sh', '-c', 'echo "$INSTANCE_NAME $ROLE $EPOCH" >>said; exec sleep 1000'];

test('a fence ends the whole tree and stays: what is older is refused', async (t) => {
  const scene = await rolesScene(t, {
    command: ['sh', '-c', 'setsid sleep 1000 & echo $! >grandchild; exec sleep 1000'],
  });
  const pid = await scene.start('api/1', order('api/1', 'primary', 1));
  const grandchild = await writtenNumber(join(scene.directory, 'grandchild'));
  const fenced = await scene.step('fence', 'api/1', order('api/2', 'standby', 2));
  assert.equal(fenced.error, null);
  assert.deepEqual([lives(pid), lives(grandchild)], [false, false]);
  assert.deepEqual(scene.exits, []);
  await assert.rejects(scene.start('api/1', order('api/1', 'primary', 1)), { code: 'REFUSED' });
  const late = await scene.step('promote', 'api/1', order('api/1', 'primary', 1));
  assert.equal(late.error?.code, 'REFUSED');
  assert.match(late.error?.message ?? '', /^F6: api\/1 has seen epoch 2 of api\/2/);
  // Told twice, as after a crash.
  const again = await scene.step('fence', 'api/1', order('api/2', 'standby', 2));
  assert.equal(again.error, null);
  await scene.start('api/1', order('api/2', 'standby', 2));
});

test('a fence of what never ran leaves its mark', async (t) => {
  const scene = await rolesScene(t, { command: sayer });
  const fenced = await scene.step('fence', 'api/1', order('api/2', 'standby', 2));
  assert.equal(fenced.error, null);
  await assert.rejects(scene.start('api/1', order('api/1', 'primary', 1)), { code: 'REFUSED' });
});

test('an orderly fence asks it to end', async (t) => {
  const scene = await rolesScene(t, {
    command: ['sh', '-c', 'trap "echo done >ended; exit" TERM; echo 1 >ready; sleep 1000 & wait'],
  });
  const pid = await scene.start('api/1', order('api/1', 'primary', 1));
  await until('it is ready', () => textOf(join(scene.directory, 'ready')) !== '');
  await scene.step('fence', 'api/1', order('api/1', 'primary', 1), { orderly: true });
  assert.equal(lives(pid), false);
  assert.equal(textOf(join(scene.directory, 'ended')), 'done\n');
});

test('without a way to tell it, a standby is started anew as primary, once', async (t) => {
  const scene = await rolesScene(t, { command: sayer });
  const standby = await scene.start('api/2', order('api/1', 'standby', 1));
  const promoted = await scene.step('promote', 'api/2', order('api/2', 'primary', 2));
  assert.equal(promoted.error, null);
  assert.equal(lives(standby), false);
  const pid = scene.processes.running('api/2')?.pid;
  await scene.step('promote', 'api/2', order('api/2', 'primary', 2));
  assert.equal(scene.processes.running('api/2')?.pid, pid);
  const found = scene.told.filter(({ kind }) => kind === 'found');
  assert.equal(found.length, 1);
  assert.deepEqual(await scene.look('api/2'), {
    ...{ role: 'primary', epoch: 2, standbys: [], streaming: false },
  });
  await until('both have said', () => textOf(join(scene.directory, 'said')).split('\n').length > 2);
  assert.equal(textOf(join(scene.directory, 'said')), 'api/2 standby 1\napi/2 primary 2\n');
});

test('a program that can not be started anew has exited', async (t) => {
  const scene = await rolesScene(t, { command: ['./program'] });
  const program = join(scene.directory, 'program');
  writeFileSync(program, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  await scene.start('api/2', order('api/1', 'standby', 1));
  rmSync(program);
  const promoted = await scene.step('promote', 'api/2', order('api/2', 'primary', 2));
  assert.equal(promoted.error?.code, 'START_FAILED');
  assert.equal(scene.told.filter(({ kind }) => kind === 'exited').length, 1);
});

test('it is told by a command, with role and epoch', async (t) => {
  const become = { argv: ['sh', '-c', 'echo "${INSTANCE} ${ROLE} ${EPOCH} $ROLE" >>became'] };
  const scene = await rolesScene(t, {
    command: sayer,
    failover: { become: { kind: 'command', command: become, timeoutMs: 5_000 } },
  });
  const pid = await scene.start('api/2', order('api/1', 'standby', 1));
  await scene.step('promote', 'api/2', order('api/2', 'primary', 2));
  assert.equal(textOf(join(scene.directory, 'became')), 'api/2 primary 2 primary\n');
  assert.equal(scene.processes.running('api/2')?.pid, pid);
});

test('a command that fails says why', async (t) => {
  const scene = await rolesScene(t, {
    command: sayer,
    failover: {
      become: {
        kind: 'command',
        command: { argv: ['sh', '-c', 'echo no >&2; exit 3'] },
        timeoutMs: 5_000,
      },
    },
  });
  await scene.start('api/2', order('api/1', 'standby', 1));
  const { error } = await scene.step('promote', 'api/2', order('api/2', 'primary', 2));
  assert.deepEqual(error, { code: 'ACTION_FAILED', message: '«sh» exited with 3: no' });
});

test('it is told by HTTP; a warm standby as soon as it answers', async (t) => {
  const server =
    'setTimeout(() => require("http").createServer((q, a) => { ' +
    'require("fs").appendFileSync("asked", q.method + " " + q.url + "\\n"); a.end(); ' +
    '}).listen(process.env.PORT, "127.0.0.1"), 300)';
  const call = (path: string) => {
    return { kind: 'http' as const, method: 'POST', url: path, timeoutMs: 5_000 };
  };
  const scene = await rolesScene(t, {
    command: [process.execPath, '-e', server],
    failover: {
      standby: 'warm',
      become: call('/${ROLE}?epoch=${EPOCH}'),
      cease: call('/wait?epoch=${EPOCH}'),
    },
  });
  await scene.start('api/2', order('api/1', 'standby', 1));
  const asked = () => textOf(join(scene.directory, 'asked'));
  await until('it was told to wait', () => asked() === 'POST /wait?epoch=1\n');
  const promoted = await scene.step('promote', 'api/2', order('api/2', 'primary', 2));
  assert.equal(promoted.error, null);
  assert.equal(asked(), 'POST /wait?epoch=1\nPOST /primary?epoch=2\n');
});

test('every step ends in one event, also of a driver that never answers', async (t) => {
  const never = () => new Promise<never>(() => undefined);
  const deaf: RoleDriver = {
    fence: never,
    promote: never,
    follow: never,
    setEligible: never,
    admit: never,
    position: never,
    look: never,
  };
  const scene = await rolesScene(t, { command: sayer, roles: deaf, hurried: true });
  await scene.start('api/1', order('api/1', 'primary', 1));
  for (const step of ['follow', 'set-eligible', 'admit', 'fence'] as const) {
    const { error } = await scene.step(step, 'api/1', order('api/1', 'primary', 1));
    assert.equal(error?.code, 'TIMED_OUT', step);
  }
  const done = scene.told.filter(({ kind }) => kind === 'role-done');
  assert.equal(done.length, 4);
});

test('a survey is answered for each; quiesce ends whatever the endpoint does', async (t) => {
  const scene = await rolesScene(t, { command: sayer });
  await scene.start('api/2', order('api/1', 'standby', 1));
  const common = { service: 'api', action: 'a9', epoch: 1 } as const;
  scene.run({ kind: 'survey', ...common, instances: ['api/2', 'api/3'], timeoutMs: 5_000 });
  const positions = await until('both are answered', () => {
    const all = scene.told.filter((one) => one.kind === 'position');
    return all.length === 2 ? all : null;
  });
  const answered = new Map(positions.map((one) => [one.instance, one]));
  assert.equal(answered.get('api/2')?.position?.systemId, 'api');
  assert.equal(answered.get('api/3')?.error?.code, 'NOT_FOUND');
  for (const [result, busy] of [
    [0, 0],
    [3, 3],
    [new Error('gone'), 1],
  ] as const) {
    scene.quiesces(result);
    scene.run({ kind: 'quiesce', ...common, limitMs: 1_000 });
    const told = await until('it is told', () => scene.told.find((one) => one.kind === 'quiesced'));
    assert.equal(told.kind === 'quiesced' ? told.busy : null, busy);
    scene.told.length = 0;
  }
});
