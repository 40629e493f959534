/**
 * Chance from a seed. Each subsystem draws from a generator of its own, so that leaving a fault out
 * doesn't change what the others draw.
 */
import type { Random } from '../ports/clock.ts';

export class Dice implements Random {
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The same name gives the same numbers. */
  constructor(name: string) {
    this.#name = name;
    this.#a = hash(name, 0x9e3779b9);
    this.#b = hash(name, 0x243f6a88);
    this.#c = hash(name, 0xb7e15162);
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** A generator of its own for a part. */
  of(part: string | number): Dice {
    return new Dice(`${this.#name}/${part}`);
  }

  /** Uniform in [0, 1): sfc32, by Chris Doty-Humphrey (PractRand). */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return (sum >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Both ends included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.whole(0, list.length - 1)] ?? list[0];
  }

  /** Null for an empty list. */
  oneOf<T>(list: readonly T[]): T | null {
    return list[this.whole(0, list.length - 1)] ?? null;
  }

  /** Index of one of the weights. */
  weighed(weights: readonly number[]): number {
    let left = this.next() * weights.reduce((sum, weight) => sum + weight, 0);
    const index = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return Math.max(0, index);
  }
}

/** FNV-1a. */
function hash(text: string, start: number): number {
  let value = start | 0;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value;
}
