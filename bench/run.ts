/** Runs a benchmark and makes its result. */
import type { Benchmark, Run, Settings } from './benchmark.ts';
import type { ClusterContender } from './clusters/cluster.ts';
import type { Contender } from './contenders/contender.ts';
import { contenders } from './contenders/index.ts';
import type { CopyContender } from './copies/contender.ts';
import type { DatabaseContender } from './databases/contender.ts';
import { commit, machine } from './machine.ts';
import type { Result } from './results.ts';
import { closeStages } from './stage.ts';
import { ratios, Tally } from './tally.ts';

/** `names`: the contenders wanted, of the benchmark's. `tell`: what goes on, for a person. */
export async function runBenchmark(
  benchmark: Benchmark,
  settings: Settings,
  names: readonly string[],
  tell: (text: string) => void,
): Promise<Result> {
  const begun = performance.now();
  const about = { ...commit(), at: new Date().toISOString(), machine: machine() };
  const missing: string[] = [];
  const failures: string[] = [];
  const found: Contender[] = [];
  const clusters: ClusterContender[] = [];
  const copies: CopyContender[] = [];
  const databases: DatabaseContender[] = [];
  for (const name of names) {
    try {
      if (benchmark.clusters !== undefined) clusters.push(await provide(benchmark.clusters, name));
      else if (benchmark.copies !== undefined) copies.push(await provide(benchmark.copies, name));
      else if (benchmark.databases !== undefined) {
        databases.push(await provide(benchmark.databases, name));
      } else found.push(await provide(contenders, name));
    } catch (error) {
      missing.push(name);
      tell(`${name} is missing: ${message(error)}`);
    }
  }
  const tally = new Tally();
  const endStates = new Map<string, string>();
  const attempt: Run['attempt'] = async (name, what, measure) => {
    tell(`${name}: ${what}`);
    return measure().catch((error: unknown) => {
      failures.push(`${name}, ${what}: ${message(error)}`);
      tell(`${name}: ${what} failed: ${message(error)}`);
      return null;
    });
  };
  try {
    const known = { contenders: found, clusters, copies, databases };
    await benchmark.run({ ...known, settings, tally, endStates, attempt });
  } finally {
    await closeStages();
  }
  const figures = tally.figures(names);
  return {
    bench: benchmark.name,
    ...about,
    took_ms: Math.round(performance.now() - begun),
    settings: used(settings),
    versions: versions([...found, ...clusters, ...copies, ...databases]),
    figures,
    ratios: ratios(figures),
    end_states: Object.fromEntries(endStates),
    missing,
    failures,
  };
}

function provide<T>(
  registry: Readonly<Record<string, () => Promise<T>>>,
  name: string,
): Promise<T> {
  const found = registry[name];
  if (found === undefined) throw new Error(`there is no contender ${name}`);
  return found();
}

function used({ rounds, seconds }: Settings): Record<string, number> {
  return seconds === 0 ? { rounds } : { rounds, seconds };
}

function versions(found: readonly Pick<Contender, 'name' | 'version'>[]): Record<string, string> {
  const own = found.map(({ name, version }) => [name, version] as const);
  return { ...Object.fromEntries(own), node: process.version };
}

function message(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${message(error.cause)})`;
}
