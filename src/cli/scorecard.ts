/** What came of all drills of a stack, and of those before: kept in `drills.json`. */
import type { DrillFaultName } from '../model/drill.ts';
import type { ServiceName } from '../model/ids.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import type { DrillResult } from './drill-run.ts';

export interface ScoredDrill {
  readonly fault: DrillFaultName;
  /** Null: the controller. */
  readonly service: ServiceName | null;
  /** Why it was not done, or null. */
  readonly skipped: string | null;
  readonly result: DrillResult | null;
}

export interface Scorecard {
  readonly stack: string;
  /** Wall-clock milliseconds. */
  readonly at: number;
  /** Brings the same order about again. */
  readonly seed: number;
  readonly interrupted: boolean;
  readonly drills: readonly ScoredDrill[];
}

const kept = 20;

export function lastScorecard(stateDir: string): Scorecard | null {
  return scorecards(stateDir).at(-1) ?? null;
}

/** The oldest are dropped beyond a number. */
export function keepScorecard(stateDir: string, scorecard: Scorecard): void {
  const all = [...scorecards(stateDir), scorecard].slice(-kept);
  replaceFile(fileIn(stateDir), `${JSON.stringify(all)}\n`);
}

/** What was done ended well: recovered, or told of where it is only observed. */
export function isPassed({ drills, interrupted }: Scorecard): boolean {
  const results = drills.flatMap(({ result }) => (result === null ? [] : [result]));
  return !interrupted && results.length > 0 && results.every(endedWell);
}

export function endedWell({ end }: DrillResult): boolean {
  return end === 'recovered' || end === 'observed';
}

function scorecards(stateDir: string): readonly Scorecard[] {
  const found = readJsonFile(fileIn(stateDir));
  return Array.isArray(found) ? found : [];
}

function fileIn(stateDir: string): string {
  return `${stateDir}/drills.json`;
}
