/** A thread that runs seeds, each twice, and tells what came of them. */
import { parentPort } from 'node:worker_threads';
import { type Cut, cutCase } from './case.ts';
import { makeCase } from './make-case.ts';
import { type RunOptions, type RunResult, runCase } from './run.ts';

export interface Job {
  readonly seed: string;
  readonly cut: Cut;
}

export interface Report {
  readonly seed: string;
  readonly result: RunResult;
  /** Both runs wrote the same log. */
  readonly deterministic: boolean;
}

parentPort?.on('message', (job: Job) => {
  void runTwice(job).then((report) => parentPort?.postMessage(report));
});

export async function runTwice({ seed, cut }: Job, options: RunOptions = {}): Promise<Report> {
  const given = cutCase(makeCase(seed), cut);
  const result = await runCase(given, options);
  const again = await runCase(given, options);
  const deterministic = again.hash === result.hash && again.events === result.events;
  return { seed, result, deterministic };
}
