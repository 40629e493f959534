/** Tells stories on all cores. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { entry } from '../../model/entry.ts';
import type { Job, Told } from './worker.ts';

export interface CrewOptions {
  /** All cores by default. */
  readonly threads?: number | null;
  /** A story is told. */
  readonly onTold?: () => void;
}

/** In the order of the jobs, whatever the number of threads. Rejects when a thread breaks. */
export class Crew {
  readonly #workers: readonly Worker[];
  readonly #onTold: () => void;

  constructor({ threads, onTold }: CrewOptions) {
    const count = Math.max(1, threads ?? availableParallelism());
    const file = entry(import.meta.url, './worker');
    this.#workers = Array.from({ length: count }, () => new Worker(file));
    this.#onTold = onTold ?? (() => undefined);
  }

  async tell(jobs: readonly Job[]): Promise<Told[]> {
    const told: Told[] = [];
    let next = 0;
    const take = () => {
      const index = next;
      next += 1;
      return index;
    };
    await Promise.all(this.#workers.map((worker) => this.#work(worker, { jobs, take, told })));
    return told;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async #work(
    worker: Worker,
    { jobs, take, told }: { jobs: readonly Job[]; take: () => number; told: Told[] },
  ): Promise<void> {
    for (let index = take(); index < jobs.length; index = take()) {
      const job = jobs[index];
      if (job === undefined) return;
      told[index] = await this.#ask(worker, job);
      this.#onTold();
    }
  }

  #ask(worker: Worker, job: Job): Promise<Told> {
    return new Promise((resolve, reject) => {
      const broke = (cause: unknown) =>
        reject(new Error(`story ${job.seed} broke its thread`, { cause }));
      worker.once('error', broke);
      worker.once('message', (told: Told) => {
        worker.off('error', broke);
        resolve(told);
      });
      worker.postMessage(job);
    });
  }
}
