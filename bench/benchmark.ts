/** What a benchmark is, and what it is run with. */
import type { ClusterContender } from './clusters/cluster.ts';
import type { Contender } from './contenders/contender.ts';
import type { CopyContender } from './copies/contender.ts';
import type { DatabaseContender } from './databases/contender.ts';
import type { Result } from './results.ts';
import type { Stage } from './stage.ts';
import type { Tally } from './tally.ts';

export interface Settings {
  /** How often each is measured. */
  readonly rounds: number;
  /** crash-loop: how long starts are counted. */
  readonly seconds: number;
}

export interface Run {
  readonly contenders: readonly Contender[];
  /** Instead of them, where the benchmark is one of databases. */
  readonly clusters: readonly ClusterContender[];
  /** Instead of them, where the benchmark is one of copies of data. */
  readonly copies: readonly CopyContender[];
  /** Instead of them, where the benchmark is one of databases that are restored. */
  readonly databases: readonly DatabaseContender[];
  readonly settings: Settings;
  readonly tally: Tally;
  /** What a contender says of its service at the end. */
  readonly endStates: Map<string, string>;
  /** Measures once; a contender that fails is told of and goes on. Null: it failed. */
  attempt<T>(contender: string, what: string, measure: () => Promise<T>): Promise<T | null>;
}

export interface Goal {
  readonly text: string;
  readonly reached: (result: Pick<Result, 'figures' | 'ratios' | 'end_states'>) => boolean;
}

/** The median of a figure. */
export function atMost(contender: string, figure: string, limit: number): Goal['reached'] {
  return ({ figures }) => (figures[contender]?.[figure]?.median ?? Number.NaN) <= limit;
}

export interface Benchmark {
  readonly name: string;
  /** Markdown: what is measured and how to read it. */
  readonly about: string;
  /** Besides Daruma, in the order of the table. */
  readonly peers: readonly string[];
  /** Of databases, by name; absent: those of `contenders/index.ts`. */
  readonly clusters?: Readonly<Record<string, () => Promise<ClusterContender>>>;
  /** Of copies of data, by name; absent: it is none. */
  readonly copies?: Readonly<Record<string, () => Promise<CopyContender>>>;
  /** Of databases that are restored, by name; absent: it is none. */
  readonly databases?: Readonly<Record<string, () => Promise<DatabaseContender>>>;
  readonly settings: Settings;
  readonly goals: readonly Goal[];
  run(run: Run): Promise<void>;
}

/** What can't be ended well is told of; nothing is left in any case. */
export async function closeAll(run: Run, stages: readonly Stage[]): Promise<void> {
  for (const stage of stages) await run.attempt(stage.contender.name, 'end', () => stage.close());
}

/** Each in turn, another one first in each round. */
export async function interleaved(
  stages: readonly Stage[],
  rounds: number,
  measure: (stage: Stage, round: number) => Promise<unknown>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < stages.length; turn += 1) {
      const stage = stages[(round + turn) % stages.length];
      if (stage !== undefined) await measure(stage, round);
    }
  }
}
