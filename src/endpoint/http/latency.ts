/**
 * How long answers take, in a histogram of eight steps per doubling: a quantile is right to within
 * nine percent, whatever the times are.
 */

const stepsPerDoubling = 8;
const shortestMs = 1 / 64;
/** Up to 2²⁶ times the shortest: 17 minutes. */
const stepCount = 26 * stepsPerDoubling;

export class Latencies {
  readonly #counts = new Float64Array(stepCount);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    const step = Math.ceil(Math.log2(ms / shortestMs) * stepsPerDoubling);
    const index = Math.max(0, Math.min(stepCount - 1, step));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** Milliseconds that the share `q` of all stays within; null: nothing was measured. */
  quantile(q: number): number | null {
    if (this.#total === 0) return null;
    let left = q * this.#total;
    const index = this.#counts.findIndex((count) => {
      left -= count;
      return left <= 0 && count > 0;
    });
    return shortestMs * 2 ** ((index < 0 ? stepCount - 1 : index) / stepsPerDoubling);
  }

  /** What was measured counts by `factor` from now on. */
  fade(factor: number): void {
    this.#total = 0;
    for (let index = 0; index < stepCount; index++) {
      const faded = (this.#counts[index] ?? 0) * factor;
      this.#counts[index] = faded < 0.01 ? 0 : faded;
      this.#total += this.#counts[index] ?? 0;
    }
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
