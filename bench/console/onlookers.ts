/** A crowd in front of the console, for as long as something is measured. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { entry } from '../../src/model/entry.ts';
import type { Place } from './place.ts';

export const watchers = 200;
export const asksPerSecond = 500;
const patienceMs = 60_000;

export type CrowdReport = { readonly kind: 'ready' } | ({ readonly kind: 'over' } & CrowdResult);

export interface CrowdResult {
  readonly answersPerSecond: number;
  readonly p99Ms: number;
  /** Requests without a good answer. */
  readonly failed: number;
  /** How many times somebody was told that an incident is over. */
  readonly told: number;
}

export class Onlookers {
  readonly #child: ReturnType<typeof fork>;

  private constructor(child: ReturnType<typeof fork>) {
    this.#child = child;
  }

  /** Resolves when all watch. */
  static async gather({ url, token, environment }: Place): Promise<Onlookers> {
    const args = [url, token, String(watchers), String(asksPerSecond)];
    const file = fileURLToPath(entry(import.meta.url, './crowd'));
    const child = fork(file, args, { env: environment });
    await once(child, 'message', { signal: AbortSignal.timeout(patienceMs) });
    return new Onlookers(child);
  }

  /** Ends it. */
  async result(): Promise<CrowdResult> {
    const over = new Promise<CrowdResult>((resolve) => {
      this.#child.on('message', (report: CrowdReport) => {
        if (report.kind === 'over') resolve(report);
      });
    });
    this.#child.send('over');
    const result = await over;
    this.close();
    return result;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
