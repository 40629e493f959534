/** What a run of a benchmark gave, and those that are kept: one file per benchmark. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import type { Figures, Ratios } from './tally.ts';

export interface Result {
  readonly bench: string;
  readonly commit: string;
  /** The sources differed from that commit. */
  readonly changed: boolean;
  readonly at: string;
  readonly took_ms: number;
  /** Rounds, and what else was asked for. */
  readonly settings: Readonly<Record<string, number>>;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: Figures;
  readonly ratios: Ratios;
  /** Where the benchmark ends in one: what each contender says of its service. */
  readonly end_states: Readonly<Record<string, string>>;
  /** Contenders that could not be had. */
  readonly missing: readonly string[];
  /** What could not be measured, and why. */
  readonly failures: readonly string[];
}

function resultFile(bench: string): URL {
  return new URL(`./results/${bench}.json`, import.meta.url);
}

/** Null: none is kept. */
export function readResult(bench: string): Result | null {
  const file = resultFile(bench);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

export function keepResult(result: Result): void {
  const file = resultFile(result.bench);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}
