/**
 * Rows of numbers, each with one for every kind of fault, side by side: what is looked up hundreds
 * of times for each decision is then read from few places of the memory.
 */
import { faultKinds } from '../model/symptom.ts';

export const rowLength = faultKinds.length;

export class Rows {
  /** Another one when there is no more room in it. */
  numbers = new Float64Array(4 * rowLength);
  #end = 0;

  /** Returns where they begin. */
  add(row: readonly number[]): number {
    const begin = this.#end;
    this.#end = begin + row.length;
    if (this.#end > this.numbers.length) {
      const before = this.numbers;
      this.numbers = new Float64Array(2 * this.#end);
      this.numbers.set(before);
    }
    for (let index = 0; index < row.length; index += 1)
      this.numbers[begin + index] = row[index] ?? 0;
    return begin;
  }
}
