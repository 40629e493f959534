/** docs/benchmarks.md: what each benchmark measures, and the results that are kept. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Benchmark } from './benchmark.ts';
import { benchmarks } from './benchmarks.ts';
import { type Result, readResult } from './results.ts';
import { ratioLines, rows } from './table.ts';

const page = new URL('../docs/benchmarks.md', import.meta.url);

export function writeDocs(): void {
  const introduction = readFileSync(new URL('./introduction.md', import.meta.url), 'utf8');
  writeFileSync(page, [introduction.trim(), ...benchmarks.map(chapter)].join('\n\n').concat('\n'));
}

function chapter(benchmark: Benchmark): string {
  const { name, about } = benchmark;
  const result = readResult(name);
  const rerun = `\`\`\`sh\nnpm run bench -- ${name}\n\`\`\``;
  const measured = result === null ? ['No result is kept.'] : results(benchmark, result);
  return [`## ${name}`, about.trim(), rerun, ...measured].join('\n\n');
}

function results({ goals }: Benchmark, result: Result): string[] {
  const ratios = ratioLines(result).map((line) => `- ${line}`);
  const verdicts = goals.map(
    ({ text, reached }) => `- ${text}: ${reached(result) ? 'reached' : '**not reached**'}`,
  );
  const lacking = [
    ...(result.missing.length === 0 ? [] : [`Missing: ${result.missing.join(', ')}.`]),
    ...result.failures.map((failure) => `Not measured: ${failure}.`),
  ];
  return [
    table(result),
    ...(ratios.length === 0 ? [] : ['Ratios, median by median:', ratios.join('\n')]),
    ...(verdicts.length === 0 ? [] : ['Goals:', verdicts.join('\n')]),
    ...lacking,
    origin(result),
  ];
}

function table(result: Result): string {
  const [head = [], ...body] = rows(result);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}

function origin({ commit, changed, at, took_ms, settings, machine, versions }: Result): string {
  const { cpu, cores, memory_bytes, kernel, system, file_system, load_average } = machine;
  const memory = `${Math.round(memory_bytes / 2 ** 30)} GiB`;
  const asked = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Commit \`${commit.slice(0, 12)}\`${changed ? ' with changes' : ''}, ${at.slice(0, 10)},`,
    `${Math.round(took_ms / 1_000)} s (${asked.join(', ')}). ${cores} × ${cpu}, ${memory},`,
    `Linux ${kernel}, ${system}, ${file_system}, load average before the run`,
    `${load_average.toFixed(1)}. ${used.join(', ')}.`,
  ].join('\n');
}
