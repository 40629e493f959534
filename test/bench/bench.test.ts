/** Each benchmark in its smallest form: valid JSON of the shape agreed, and nothing left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { endMarked, marked } from '../../bench/marked.ts';
import type { Result } from '../../bench/results.ts';
import { atEnd } from '../at-end.ts';

const main = resolve(import.meta.dirname, '../../bench/main.ts');

/** Contender → figures, of which each has to be there. */
type Expected = Readonly<Record<string, readonly string[]>>;

const planned = ['downtime_ratio_ladder', 'downtime_ratio_restart_all', 'downtime_ratio_oracle'];

const smallest: Readonly<Record<string, { args: readonly string[]; expected: Expected }>> = {
  restart: {
    args: ['--contenders', 'daruma,shell-loop'],
    expected: {
      daruma: ['react_ms', 'start_ms', 'total_ms'],
      'shell-loop': ['react_ms', 'start_ms', 'total_ms'],
    },
  },
  'backend-hang': {
    args: ['--contenders', 'daruma'],
    expected: {
      daruma: ['failed_stop', 'slowest_stop_ms', 'failed_kill', 'slowest_kill_ms'],
    },
  },
  hang: {
    args: ['--contenders', 'daruma'],
    expected: {
      daruma: [
        'recovered_early_ms',
        'recovered_ms',
        'recovered_blocked_ms',
        'ejected_ms',
        'ejected_blocked_ms',
        'start_ms',
      ],
    },
  },
  'crash-loop': {
    args: ['--seconds', '2', '--contenders', 'daruma,shell-loop'],
    expected: {
      daruma: ['starts_2s', 'mended_after_ms'],
      'shell-loop': ['starts_2s', 'mended_after_ms'],
    },
  },
  engine: {
    args: [],
    expected: {
      'daruma-10': ['steps_per_s'],
      'daruma-50': ['steps_per_s'],
      'daruma-200': ['steps_per_s'],
      'daruma-1000': ['steps_per_s'],
      '100-stacks-1000': ['steps_per_s'],
      daruma: ['steps_per_s', 'logged_events_per_s', 'logged_p99_ms', 'simulated_hours_per_s'],
    },
  },
  plan: { args: [], expected: { 'after-0': planned, 'after-10': planned, 'after-100': planned } },
  'supervisor-kill': {
    args: ['--contenders', 'daruma,shell-loop'],
    expected: {
      daruma: ['failed_requests', 'double_starts', 'adopted', 'runs'],
      'shell-loop': ['failed_requests', 'double_starts', 'adopted', 'runs'],
    },
  },
};

describe('the benchmarks', { concurrency: true }, () => {
  for (const [name, { args, expected }] of Object.entries(smallest)) {
    test(name, async (t) => {
      const { child, directory, exitCode } = start(t, [name, '--json', '--rounds', '1', ...args]);
      const [output, said] = await Promise.all([text(child.stdout), text(child.stderr)]);
      checkResult(JSON.parse(output), name, expected, said);
      assert.equal(await exitCode, 0, said);
      assertNothingLeft(directory);
    });
  }

  test('Ctrl-C leaves nothing behind', async (t) => {
    const { child, directory, exitCode } = start(t, [
      'restart',
      '--contenders',
      'daruma,shell-loop',
    ]);
    let asked = false;
    for await (const line of createInterface(child.stderr)) {
      // A second one would end it at once, as a person in a hurry wants.
      if (line.endsWith(': kill') && !asked) asked = child.kill('SIGINT');
    }
    assert.equal(await exitCode, 130);
    assertNothingLeft(directory);
  });
});

test('a benchmark that there is not is told of', async (t) => {
  const { child, exitCode } = start(t, ['nothing']);
  assert.match(await text(child.stderr), /restart, hang, crash-loop, supervisor-kill/);
  assert.equal(await exitCode, 2);
});

/** In a temporary directory of its own; all that is in it, and runs in it, is the benchmark's. */
function start(t: TestContext, args: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-test-'));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...args],
    // The marks of its processes are the names of their directories.
    { env: { ...process.env, TMPDIR: directory }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exitCode = once(child, 'exit').then(([code]) => code);
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await exitCode;
    for (const name of readdirSync(directory)) await endMarked(markOf(join(directory, name)));
    rmSync(directory, { recursive: true, force: true });
  });
  return { child, directory, exitCode };
}

function markOf(directory: string): string {
  return directory.replaceAll('/', '.');
}

function assertNothingLeft(directory: string): void {
  assert.deepEqual(readdirSync(directory), []);
  assert.deepEqual(marked(markOf(directory), 'prefix'), []);
}

function checkResult(result: Result, name: string, expected: Expected, said: string): void {
  assert.equal(result.bench, name);
  assert.match(result.commit, /^[0-9a-f]{40}$/);
  assert.ok(result.machine.cores > 0);
  assert.equal(result.versions['node'], process.version);
  assert.deepEqual(result.failures, [], said);
  assert.deepEqual(result.missing, []);
  const names = Object.entries(result.figures).map(([contender, figures]) => [
    contender,
    Object.keys(figures).sort(),
  ]);
  const wanted = Object.entries(expected).map(([contender, figures]) => [
    contender,
    [...figures].sort(),
  ]);
  assert.deepEqual(Object.fromEntries(names), Object.fromEntries(wanted));
  for (const figure of Object.values(result.figures).flatMap((own) => Object.values(own))) {
    const { min, median, max, n } = figure;
    assert.ok(n >= 1 && min <= median && median <= max, JSON.stringify(figure));
  }
}
