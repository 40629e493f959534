/** What a load run found. */

export interface Report {
  readonly requests: number;
  /** Of the load itself. */
  readonly seconds: number;
  readonly perSecond: number;
  /** By kind: `http 503 BUSY`, `ECONNRESET`, `ECONNREFUSED`, `timeout`, … */
  readonly failures: Readonly<Record<string, number>>;
  readonly failed: number;
  /** Of the requests that were answered. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Accounts whose registration was acknowledged. */
  readonly acknowledged: number;
  /** Answers that contradict what is known. */
  readonly wrong: readonly string[];
  /** Acknowledged accounts that no longer log in, or have another profile. */
  readonly lost: readonly string[];
  /** With the check at the end. */
  readonly totalSeconds: number;
}

export class Latencies {
  readonly #values: number[] = [];

  add(ms: number): void {
    this.#values.push(ms);
  }

  figures(): Report['latencyMs'] {
    const sorted = this.#values.toSorted((a, b) => a - b);
    const at = (share: number) => {
      const index = Math.min(sorted.length - 1, Math.floor(share * sorted.length));
      return Math.round((sorted[index] ?? 0) * 10) / 10;
    };
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}

export function printReport(report: Report, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(report));
    return;
  }
  const { failures, latencyMs, lost, wrong } = report;
  const kinds = Object.entries(failures).map(([kind, count]) => `${kind}: ${count}`);
  console.log(`requests   ${report.requests} in ${report.seconds} s (${report.perSecond}/s)`);
  console.log(`failed     ${report.failed}${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`);
  console.log(
    `latency    p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
  );
  console.log(`accounts   ${report.acknowledged} acknowledged, ${lost.length} lost`);
  for (const name of lost) console.log(`lost       ${name}`);
  for (const text of wrong) console.log(`wrong      ${text}`);
}
