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

/** A test that takes longer than this hangs. */
const testTimeoutMs = 1_200_000;
/** With many repetitions. */
const longTimeoutMs = 12 * 3_600_000;
/** The runner waits for ever for a file whose tests are over while something of it still runs. */
const runTimeoutMs = 4_500_000;
/** Of what a test that failed tells of itself, the last is shown again at the end. */
const storyStart = 'on record:';
const storyCharsMax = 6_000;
/** So long it may then take to tell what it knows. */
const lastWordsMs = 30_000;

/** Files wait more than they compute: three at once leave two cores some room. */
function filesAtOnce(): number {
  return Math.max(3, Math.min(4, availableParallelism()));
}

function limited(): AbortSignal {
  const signal = AbortSignal.timeout(runTimeoutMs);
  signal.addEventListener('abort', () => {
    console.error(`the tests did not end within ${runTimeoutMs / 60_000} minutes`);
    setTimeout(() => process.exit(1), lastWordsMs).unref();
  });
  return signal;
}

export async function runTests(files: readonly string[]): Promise<TestRun> {
  const results: TestResult[] = [];
  const long = process.env['DARUMA_TEST_LONG'] === '1';
  let success = false;
  let counts: Readonly<Record<string, number>> = {};
  const events = run({
    files: [...files],
    concurrency: filesAtOnce(),
    timeout: long ? longTimeoutMs : testTimeoutMs,
    ...(long ? {} : { signal: limited() }),
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  for (const outcome of ['test:pass', 'test:fail'] as const) {
    events.on(outcome, ({ name, file, details }) => {
      if (details.type === 'suite') return;
      const passed = outcome === 'test:pass';
      results.push({ name, file: file ?? '', passed, durationMs: details.duration_ms });
    });
  }
  const stories: string[] = [];
  events.on('test:diagnostic', ({ message, file }) => {
    if (!message.startsWith(storyStart)) return;
    stories.push(`${file}: ${storyStart} … ${message.slice(-storyCharsMax)}`);
  });
  events.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    success = summary.success;
    counts = { ...summary.counts };
  });
  for await (const text of events.compose(spec)) process.stdout.write(text);
  for (const story of stories) console.log(story);
  return { success, counts, results };
}
