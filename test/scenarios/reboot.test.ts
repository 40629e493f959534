/**
 * The machine goes down without a word, and comes up again. Everything is killed, and
 * what the state directory tells of processes is of another boot; so that nobody is taken for one
 * of ours, the pids and start times are those of a process that has nothing to do with the stack.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { identify, type ProcessIdentity } from '../../src/ports/process-identity.ts';
import { atEnd } from '../at-end.ts';
import { accounts, patient } from './accounts.ts';
import { type Bench, background, processesOf, until } from './harness.ts';
import { allReady } from './only-once.ts';

const otherBoot = '00000000-0000-4000-8000-000000000000';

function killAll(stand: Bench): Promise<true> {
  return until('every process is dead', () => {
    const pids = processesOf(stand.directory).filter((pid) => identify(pid) !== null);
    for (const pid of pids) kill(pid);
    return pids.length === 0;
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}

/** All that is noted down of processes names a stranger, in the boot before. */
function rewriteAsOfOtherBoot(stand: Bench, { pid, start }: ProcessIdentity): void {
  const run = path.join(stand.stateDir, 'run');
  const boot = otherBoot.slice(0, 8);
  const rewrite = (file: string, fields: object) => {
    const text = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...text, ...fields }));
  };
  for (const name of ['keeper.json', 'endpoint.json']) {
    rewrite(path.join(run, name), { pid, start, boot });
  }
  const runs = readdirSync(path.join(run, 'instances')).filter((name) => name.endsWith('.json'));
  assert.equal(runs.length, 5);
  for (const name of runs) {
    rewrite(path.join(run, 'instances', name), { pid, startTicks: start, bootId: otherBoot });
  }
  for (const name of ['keeper.lock', 'controller.lock']) {
    rmSync(path.join(run, name));
    symlinkSync(`${pid}.${start}.${boot}`, path.join(run, name));
  }
}

/** Runs what the systemd unit would. */
async function boot(t: TestContext, stand: Bench): Promise<void> {
  const { stdout } = await stand.daruma('install', '--print');
  const line = (name: string): string[] => {
    const found = stdout.split('\n').find((one) => one.startsWith(`${name}=`)) ?? '';
    return found.slice(name.length + 1).split(' ');
  };
  const options = { cwd: stand.directory, env: stand.environment, stdio: 'ignore' } as const;
  const run = ([program = '', ...args]: string[]) => spawn(program, args, options);
  const keeper = run(line('ExecStart'));
  atEnd(t, () => keeper.kill('SIGKILL'));
  const hook = run(line('ExecStartPost'));
  const code = await new Promise((resolve) => hook.once('exit', resolve));
  assert.equal(code, 0);
}

test('after a reboot all returns unaided, and the database has what it acknowledged', async (t) => {
  const { made, load } = await accounts(t, patient);
  await made.up();
  const running = await load(30);
  // Under load one may be late for a moment.
  const all = await until('all is ready', () => allReady(made));
  const before = new Set(all.map(({ pid }) => pid));
  assert.equal(before.size, 5);
  const stranger = background(t, ['sleep', '3600'], '/');
  const identity = identify(stranger.pid ?? 0);
  assert.ok(identity !== null);

  await killAll(made);
  rewriteAsOfOtherBoot(made, identity);
  await boot(t, made);

  const after = await until('all is ready again', () => allReady(made));
  assert.ok(after.every(({ pid }) => pid !== null && !before.has(pid)));
  await running.registered(5);
  const { wrong, lost } = await running.stop();
  assert.deepEqual({ wrong, lost }, { wrong: [], lost: [] });
  assert.equal((await made.view()).state, 'running');
  assert.notEqual(identify(identity.pid), null, 'the stranger was left alone');
  const down = await made.daruma('down');
  assert.equal(down.code, 0, down.stderr);
  assert.notEqual(identify(identity.pid), null);
});
