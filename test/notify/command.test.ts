import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { NotifyTarget } from '../../src/model/notify-spec.ts';
import { atEnd } from '../at-end.ts';
import { notice, notifier, until } from './receiver.ts';

function shell(script: string, ...args: readonly string[]): NotifyTarget {
  const command = { argv: ['/bin/sh', '-c', script, 'sh', ...args] };
  return { kind: 'command', name: 'tell', command, minSeverity: 'info' };
}

function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'daruma-notify-'));
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
    return false;
  }
}

test('the command gets JSON on its input, variables, and its own environment', async (t) => {
  const workingDir = directory(t);
  const script = 'cat > in.json; env > env.txt; echo "$1" > arg.txt; mv arg.txt done.txt';
  const { notifier: sender, reports } = notifier(t, [shell(script, 'on ${DARUMA_TITLE}')], {
    workingDir,
    environment: { PATH: process.env['PATH'], OWN: 'yes' },
  });
  sender.notify(notice('a "quoted" $(title)\0', { severity: 'critical' }));
  await until(() => existsSync(join(workingDir, 'done.txt')), 'the command');
  await sender.close();
  const body = JSON.parse(readFileSync(join(workingDir, 'in.json'), 'utf8'));
  assert.deepEqual([body.title, body.incident, body.update], ['a "quoted" $(title)\0', 'i1', 0]);
  const environment = readFileSync(join(workingDir, 'env.txt'), 'utf8').split('\n');
  for (const line of ['OWN=yes', 'DARUMA_STACK=accounts', 'DARUMA_INCIDENT=i1'])
    assert.ok(environment.includes(line), line);
  for (const line of ['DARUMA_UPDATE=0', 'DARUMA_SEVERITY=critical', 'DARUMA_STATE=open'])
    assert.ok(environment.includes(line), line);
  const argument = readFileSync(join(workingDir, 'done.txt'), 'utf8');
  assert.equal(argument, 'on a "quoted" $(title)\n');
  assert.deepEqual(reports, []);
});

test('one that fails is tried again', async (t) => {
  const workingDir = directory(t);
  const twice = shell('echo x >> tries; test "$(wc -l < tries)" -ge 2 && touch done');
  const { notifier: sender, reports } = notifier(t, [twice], { workingDir });
  sender.notify(notice('it'));
  await until(() => existsSync(join(workingDir, 'done')), 'the second attempt');
  await sender.close();
  assert.equal(readFileSync(join(workingDir, 'tries'), 'utf8'), 'x\nx\n');
  assert.deepEqual(reports, []);
});

test('one that never succeeds is told, with the end of what it printed', async (t) => {
  const { notifier: sender, reports } = notifier(t, [shell('echo "no route" >&2; exit 3')], {
    timing: { deadlineMs: 100 },
  });
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  const [report] = reports;
  assert.match(report?.message ?? '', /to tell was not delivered: ended with code 3: no route/);
});

test('one that cannot be run is told at once', async (t) => {
  const command = { argv: ['/nonexistent/program'] };
  const target = { kind: 'command', name: 'tell', command, minSeverity: 'info' } as const;
  const { notifier: sender, reports } = notifier(t, [target]);
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  assert.match(reports[0]?.message ?? '', /ENOENT$/);
});

test('one that hangs is killed with what it started', async (t) => {
  const workingDir = directory(t);
  const script = 'sleep 1000 & echo $! > pid.part; mv pid.part pid; wait';
  const timing = { attemptTimeoutMs: 3000, deadlineMs: 1 };
  const { notifier: sender, reports } = notifier(t, [shell(script)], { workingDir, timing });
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  assert.match(reports[0]?.message ?? '', /did not end within 3000 ms/);
  const pid = Number(readFileSync(join(workingDir, 'pid'), 'utf8'));
  await until(() => !isAlive(pid), 'the end of what it started');
});

test('one that reads nothing and leaves a process behind still counts as delivered', async (t) => {
  const workingDir = directory(t);
  const script = 'sleep 1000 & echo $! > pid; exit 0';
  const { notifier: sender, reports } = notifier(t, [shell(script)], { workingDir });
  sender.notify(notice('it', { text: 'x'.repeat(200_000) }));
  await sender.close();
  process.kill(Number(readFileSync(join(workingDir, 'pid'), 'utf8')), 'SIGKILL');
  assert.deepEqual(reports, []);
});
