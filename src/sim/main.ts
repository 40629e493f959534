/** `npm run simulate`: runs seeds, shows what is wrong with the first that fails, made smaller. */
import { endWithOutput } from '../ports/unread-output.ts';
import { describeCase, describeRecord, seconds } from './account.ts';
import { cutCase } from './case.ts';
import { type Arguments, commandLine, readArguments, usage } from './command-line.ts';
import { runSeeds } from './crew.ts';
import { makeCase } from './make-case.ts';
import { runCase } from './run.ts';
import type { Violation } from './scene.ts';
import { shrink } from './shrink.ts';
import type { Report } from './worker.ts';

const exitCodes = { crash: 1, usage: 2, safety: 3, liveness: 4, chance: 5 } as const;
const shownMax = 10;
const progressEveryMs = 2_000;

async function main(): Promise<number> {
  let given: Arguments | null;
  try {
    given = readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
    return exitCodes.usage;
  }
  if (given === null) {
    console.log(usage);
    return 0;
  }
  return runThem(given);
}

async function runThem(given: Arguments): Promise<number> {
  if (given.verbose) for (const seed of given.seeds) await tell(seed, given);
  const began = performance.now();
  const reports = await runAll(given, began);
  summarise(reports, performance.now() - began);
  const failed = reports.filter((one) => one.result.violations.length > 0 || !one.deterministic);
  failed.sort((a, b) => a.seed.localeCompare(b.seed, 'en', { numeric: true }));
  for (const report of failed.slice(0, shownMax)) await show(report, given);
  if (failed.length > shownMax) {
    const seeds = failed.slice(shownMax).map((one) => one.seed);
    console.log(`and ${seeds.length} more: ${seeds.join(' ')}`);
  }
  return exitCode(failed);
}

function runAll({ seeds, cut, threads }: Arguments, began: number): Promise<Report[]> {
  let done = 0;
  let failed = 0;
  let shownAt = began;
  return runSeeds(seeds, {
    cut,
    threads,
    onReport: ({ result, deterministic }) => {
      done += 1;
      if (result.violations.length > 0 || !deterministic) failed += 1;
      const now = performance.now();
      if (now - shownAt < progressEveryMs) return;
      shownAt = now;
      const rate = Math.round((done / (now - began)) * 1_000);
      process.stderr.write(`${done} of ${seeds.length} seeds, ${failed} failed, ${rate}/s\n`);
    },
  });
}

function summarise(reports: readonly Report[], tookMs: number): void {
  const sum = (pick: (report: Report) => number) =>
    reports.reduce((total, report) => total + pick(report), 0);
  const hours = sum((one) => one.result.simulatedMs) / 3_600_000;
  const bad = reports.filter((one) => one.result.violations.length > 0).length;
  console.log(
    `${reports.length} seeds, each twice, in ${seconds(tookMs)}: ${bad} with violations; ` +
      `${hours.toFixed(1)} simulated hours, ${sum((one) => one.result.steps)} steps, ` +
      `${sum((one) => one.result.events)} events`,
  );
}

async function show({ seed, result, deterministic }: Report, given: Arguments): Promise<void> {
  console.log(`\nseed ${seed}: ${commandLine(seed, given.cut)}`);
  if (!deterministic) console.log('  the second run wrote another log');
  for (const violation of result.violations) console.log(`  ${describe(violation)}`);
  if (result.violations.length === 0) return;
  const smaller = await shrink(seed, given.cut);
  console.log(`smallest: ${commandLine(seed, smaller.cut)}`);
  for (const line of describeCase(smaller.given)) console.log(line);
  for (const violation of smaller.result.violations) console.log(`  ${describe(violation)}`);
}

function describe({ checker, kind, at, text }: Violation): string {
  return `${seconds(at)} ${kind} (${checker}): ${text}`;
}

async function tell(seed: string, { cut }: Arguments): Promise<void> {
  const given = cutCase(makeCase(seed), cut);
  for (const line of describeCase(given)) console.log(line);
  let beganAt: number | null = null;
  await runCase(given, {
    onRecord: (record) => {
      beganAt ??= record.at;
      console.log(describeRecord(record, beganAt));
    },
  });
}

function exitCode(failed: readonly Report[]): number {
  const kinds = new Set(failed.flatMap((one) => one.result.violations.map(({ kind }) => kind)));
  for (const kind of ['crash', 'safety', 'liveness'] as const) {
    if (kinds.has(kind)) return exitCodes[kind];
  }
  return failed.length > 0 ? exitCodes.chance : 0;
}

endWithOutput();
process.exitCode = await main();
