import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { exitCodes } from '../../src/model/errors.ts';
import { lockHolder } from '../../src/ports/lock.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { freePort } from '../free-port.ts';
import { exchange, Rig, spec, until } from './rig.ts';

describe('the keeper', () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });
  afterEach(() => rig.end());

  test('is one per state directory', async () => {
    const { pid } = await rig.started();
    const second = rig.start();
    let text = '';
    second.stderr?.on('data', (chunk) => {
      text += chunk;
    });
    const [code] = await once(second, 'close');
    assert.equal(code, exitCodes.alreadyRunning);
    assert.match(text, new RegExp(`already in .*state \\(process ${pid}\\)`));
    assert.equal((await rig.status())?.pid, pid);
  });

  test('starts a controller that was killed again', async () => {
    const before = await rig.started();
    assert.ok(before.controller.pid !== null);
    process.kill(before.controller.pid, 'SIGKILL');
    const after = await rig.settled(
      'new controller',
      (now) => now.controller.pid !== before.controller.pid,
    );
    assert.equal(after.controller.restarts, 1);
    assert.equal(after.pid, before.pid);
  });

  test('replaces a controller that hangs', async () => {
    const before = await rig.started(rig.command({ hangMs: 1_500 }));
    const hung = before.controller.pid;
    assert.ok(hung !== null);
    process.kill(hung, 'SIGSTOP');
    await rig.settled('new controller', (now) => now.controller.pid !== hung);
    assert.equal(identify(hung), null);
    assert.match(rig.log(), new RegExp(`controller ${hung} hangs`));
  });

  test('convicts nobody after it was paused itself', async () => {
    const before = await rig.started(rig.command({ hangMs: 2_000 }));
    process.kill(before.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    process.kill(before.pid, 'SIGCONT');
    const after = await rig.settled('answers again', () => true);
    assert.equal(after.controller.pid, before.controller.pid);
    assert.doesNotMatch(rig.log(), /hangs/);
  });

  test('ends with the controller after a shutdown, and leaves no process', async () => {
    const before = await rig.started();
    const port = await freePort();
    await rig.serve('api', spec(port), []);
    const { endpoint } = await rig.settled('endpoint', (now) => now.endpoint.pid !== null);
    await rig.ask({ kind: 'shutdown' });
    const pids = [before.pid, before.controller.pid, endpoint.pid];
    await until('all ended', () => pids.every((pid) => pid !== null && identify(pid) === null));
    assert.equal(lockHolder(rig.layout.keeperLock), null);
    await assert.rejects(exchange(port, 'x'), { code: 'ECONNREFUSED' });
  });

  test('passes SIGTERM on to the controller and waits for it', async () => {
    const { pid } = await rig.started();
    process.kill(pid, 'SIGTERM');
    await until('ended', () => identify(pid) === null);
    assert.ok(rig.notes().some((note) => note.endsWith(' terminate')));
    assert.ok(rig.notes().some((note) => note.endsWith(' shutdown')));
  });
});
