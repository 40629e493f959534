/** `npm run bench -- NAME [--json] …` and `npm run bench -- --docs`. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.ts';
import { benchmarks } from './benchmarks.ts';
import { closeClusters } from './clusters/stage.ts';
import { closeCopies } from './copies/stage.ts';
import { writeDocs } from './docs.ts';
import { keepResult } from './results.ts';
import { runBenchmark } from './run.ts';
import { closeStages } from './stage.ts';
import { textTable } from './table.ts';

const usage = `Usage: npm run bench -- NAME [OPTION…]    NAME: ${benchmarks.map(({ name }) => name).join(', ')}
       npm run bench -- --docs             writes docs/benchmarks.md from the results kept

  --rounds N        how often each is measured (--runs is the same)
  --seconds N       crash-loop: how long starts are counted
  --contenders A,B  only these
  --json            print the result as one JSON object and nothing else
  --keep            keep the result in bench/results
  --help            this text
`;

const { values, positionals } = argumentsOf({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    runs: { type: 'string' },
    seconds: { type: 'string' },
    contenders: { type: 'string' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    const closed = Promise.allSettled([closeStages(), closeClusters(), closeCopies()]);
    void closed.finally(() => process.exit(130));
  });
}

const benchmark = benchmarks.find(({ name }) => name === positionals[0]);
if (values.help) {
  process.stdout.write(usage);
} else if (values.docs) {
  writeDocs();
} else if (benchmark === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  await bench(benchmark);
}

/** Ends the process where an option isn't known. */
function argumentsOf<T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

async function bench(chosen: Benchmark): Promise<void> {
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  const result = await runBenchmark(chosen, settingsFor(chosen), contendersFor(chosen), tell);
  if (values.keep) keepResult(result);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${textTable(result)}\n`);
}

function settingsFor({ settings }: Benchmark) {
  const rounds = values.rounds ?? values.runs;
  return {
    rounds: rounds === undefined ? settings.rounds : count('--rounds', rounds),
    seconds: values.seconds === undefined ? settings.seconds : count('--seconds', values.seconds),
  };
}

function count(option: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`${option} takes a whole number from 1, not «${text}»`);
}

function contendersFor({ peers }: Benchmark): string[] {
  const all = ['daruma', ...peers];
  const wanted = values.contenders?.split(',') ?? all;
  return all.filter((name) => wanted.includes(name));
}
