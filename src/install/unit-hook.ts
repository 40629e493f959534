/**
 * What the unit of `install` runs beside the keeper:
 * `start --state-dir DIR` after it is ready: what is wanted is asked for.
 * `stop --state-dir DIR --unit NAME [--user]` before it is ended: when systemd restarts the unit,
 * instances are let go of; when it stops it, or the machine goes down, they are stopped.
 * A controller that can't be reached, or refuses, is left to systemd, whose SIGTERM the keeper
 * takes as `down`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { layout } from '../model/layout.ts';
import type { StackView } from '../model/view.ts';
import { ask } from './control-socket.ts';

const lookEveryMs = 200;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'state-dir': { type: 'string' },
    unit: { type: 'string', default: '' },
    user: { type: 'boolean', default: false },
  },
});
const [verb] = positionals;
const socket = layout(values['state-dir'] ?? '').controlSocket;
if (verb === 'start') await start();
else if (verb === 'stop') await stop();
else throw new Error('usage: start|stop --state-dir DIR [--unit NAME] [--user]');

/** Changes nothing when only a part was stopped: on purpose. Ended by systemd's own time-out. */
async function start(): Promise<void> {
  for (;;) {
    const view = await look();
    if (view !== null && view.state !== 'looking') {
      const unwanted = view.services.every(({ wanted }) => wanted === 'down');
      if (unwanted) await request({ kind: 'up' });
      return;
    }
    await pause(lookEveryMs);
  }
}

async function stop(): Promise<void> {
  if ((await look()) === null) return;
  try {
    if (await isRestart()) await ask(socket, 'POST', '/v1/detach', {});
    else await request({ kind: 'down' });
  } catch (error) {
    // It may end before it has answered; if it died instead, its successor carries on.
    if (!(error instanceof Error && 'code' in error && error.code === 'ECONNRESET')) throw error;
  }
  await mainProcessEnds();
}

async function look(): Promise<StackView | null> {
  try {
    return (await ask(socket, 'GET', '/v1/stack')) as StackView;
  } catch (error) {
    process.stderr.write(`the controller can't be reached: ${String(error)}\n`);
    return null;
  }
}

async function request(wish: { readonly kind: 'up' | 'down' }): Promise<void> {
  await ask(socket, 'POST', '/v1/requests', { by: 'systemd', request: wish });
}

/** The job that systemd is at with our unit: `JOB UNIT TYPE STATE`. */
async function isRestart(): Promise<boolean> {
  const args = [...(values.user ? ['--user'] : []), 'list-jobs', '--plain', '--no-legend'];
  try {
    const { stdout } = await promisify(execFile)('systemctl', args, { timeout: 10_000 });
    const jobs = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    return jobs.some(([, unit, type]) => unit === values.unit && type === 'restart');
  } catch (error) {
    process.stderr.write(`systemd's jobs can't be read, so this is a stop: ${String(error)}\n`);
    return false;
  }
}

/** It ends by itself now; systemd would otherwise signal it meanwhile. */
async function mainProcessEnds(): Promise<void> {
  const pid = Number(process.env['MAINPID']);
  while (pid > 0 && existsSync(`/proc/${pid}`)) await pause(lookEveryMs);
}
