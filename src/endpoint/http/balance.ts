/**
 * Whose turn it is: smooth weighted round robin, as nginx does it. Each gets its weight in credit;
 * who has most is chosen and pays what all got.
 */

export interface Weighted {
  /** Not negative; 0: never. */
  readonly weight: number;
  credit: number;
}

/** Null: there is none with a weight. */
export function nextInTurn<One extends Weighted>(all: readonly One[]): One | null {
  let total = 0;
  let best: One | null = null;
  for (const one of all) {
    if (one.weight <= 0) continue;
    one.credit += one.weight;
    total += one.weight;
    if (best === null || one.credit > best.credit) best = one;
  }
  if (best !== null) best.credit -= total;
  return best;
}
