/** Runs test files with node's own runner, shows them as they end and keeps account of each. */
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

export interface TestResult {
  readonly name: string;
  readonly file: string;
  readonly passed: boolean;
  readonly durationMs: number;
}

export interface TestRun {
  readonly success: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly results: readonly TestResult[];
}

/** A file that takes longer than this hangs. */
const fileTimeoutMs = 420_000;
/** With many repetitions. */
const longTimeoutMs = 12 * 3_600_000;

export async function runTests(files: readonly string[]): Promise<TestRun> {
  const results: TestResult[] = [];
  let success = false;
  let counts: Readonly<Record<string, number>> = {};
  const events = run({
    files: [...files],
    concurrency: Math.max(2, Math.min(4, availableParallelism())),
    timeout: process.env['DARUMA_TEST_LONG'] === '1' ? longTimeoutMs : fileTimeoutMs,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  for (const outcome of ['test:pass', 'test:fail'] as const) {
    events.on(outcome, ({ name, file, details }) => {
      if (details.type === 'suite') return;
      const passed = outcome === 'test:pass';
      results.push({ name, file: file ?? '', passed, durationMs: details.duration_ms });
    });
  }
  events.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    success = summary.success;
    counts = { ...summary.counts };
  });
  for await (const text of events.compose(spec)) process.stdout.write(text);
  return { success, counts, results };
}
