/** Runs many seeds on all cores. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { entry } from '../model/entry.ts';
import { type Cut, noCut } from './case.ts';
import type { Job, Report } from './worker.ts';

export interface CrewOptions {
  readonly cut?: Cut;
  /** All cores by default. */
  readonly threads?: number | null;
  readonly onReport?: (report: Report) => void;
}

/** Rejects when a thread breaks, with the seed that it was at. */
export async function runSeeds(
  seeds: readonly string[],
  { cut = noCut, threads, onReport }: CrewOptions = {},
): Promise<Report[]> {
  const reports: Report[] = [];
  const left = [...seeds].reverse();
  const count = Math.max(1, Math.min(threads ?? availableParallelism(), seeds.length));
  const note = (report: Report): void => {
    reports.push(report);
    onReport?.(report);
  };
  await Promise.all(Array.from({ length: count }, () => work(() => nextJob(left, cut), note)));
  return reports;
}

function nextJob(left: string[], cut: Cut): Job | null {
  const seed = left.pop();
  return seed === undefined ? null : { seed, cut };
}

function work(next: () => Job | null, note: (report: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry(import.meta.url, './worker'));
    let seed = '';
    const give = (): void => {
      const job = next();
      seed = job?.seed ?? '';
      if (job !== null) worker.postMessage(job);
      else void worker.terminate().then(() => resolve());
    };
    worker.on('message', (report: Report) => {
      note(report);
      give();
    });
    worker.on('error', (cause) => reject(new Error(`seed ${seed} broke its thread`, { cause })));
    give();
  });
}
