import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { identify } from '../../src/ports/process-identity.ts';
import { Rig, until } from './rig.ts';

describe('under systemd', () => {
  let rig: Rig;
  let told: string;
  beforeEach(() => {
    rig = new Rig();
    told = `${rig.stateDir}/told`;
  });
  afterEach(() => rig.end());

  /** An environment in which `systemd-notify` notes its arguments, one call a line. */
  function environment(): NodeJS.ProcessEnv {
    const bin = `${rig.stateDir}/bin`;
    mkdirSync(bin);
    writeFileSync(`${bin}/systemd-notify`, `#!/bin/sh\necho "$*" >> ${told}\n`);
    chmodSync(`${bin}/systemd-notify`, 0o755);
    const path = `${bin}:${process.env['PATH']}`;
    return { ...process.env, PATH: path, NOTIFY_SOCKET: '/run/none', WATCHDOG_USEC: '300000' };
  }

  const lines = () => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : []);

  test('the keeper tells that it is ready, alive and stopping', async () => {
    const { pid } = rig.start(rig.command(), environment());
    assert.ok(pid !== undefined);
    await until('alive', () => lines().includes('WATCHDOG=1'));
    assert.equal(lines()[0], `READY=1 MAINPID=${pid}`);
    await rig.settled('controller', () => true);
    process.kill(pid, 'SIGTERM');
    await until('ended', () => identify(pid) === null);
    assert.ok(lines().includes('STOPPING=1'));
  });

  test('the watchdog is not fed while the controller hangs', async () => {
    rig.start(rig.command({ hangMs: 3_000 }), environment());
    const { controller } = await rig.settled('controller', () => true);
    await until('alive', () => lines().includes('WATCHDOG=1'));
    process.kill(controller.pid ?? 0, 'SIGSTOP');
    await until('replaced', () => identify(controller.pid ?? 0) === null);
    const fed = lines().length;
    await until('fed again', () => lines().length > fed);
    assert.ok((await rig.status())?.controller.pid !== controller.pid);
  });

  test('a second keeper tells systemd which one to watch', async () => {
    const { pid } = await rig.started();
    const second = rig.start(rig.command(), environment());
    const code = await new Promise((resolve) => second.once('exit', resolve));
    assert.equal(code, 0);
    assert.deepEqual(lines(), [`READY=1 MAINPID=${pid}`]);
  });
});
