/**
 * How faults act on an observation: each independently of the others (noisy-OR), with a factor, by
 * its kind and the link from its component; the likelihood goes by the product of the factors.
 */
import { faultKinds } from '../model/symptom.ts';
import type { ByKind, Link, Links } from './model.ts';
import { Rows } from './rows.ts';

export interface EffectSpec {
  /** Whether a fault brings it about, or stands in its way. */
  readonly form: 'brings' | 'hinders';
  /** P(observed | nothing is wrong). */
  readonly nothing: number;
  /** P(observed | faults): brings: 1 − scale·product; hinders: scale·product, at least `floor`. */
  readonly scale: number;
  readonly floor: number;
  /** The factor of a fault that does not come through to it. */
  readonly elsewhere: number;
  /** The factors of faults that come through by this link. */
  readonly factors: (link: Link) => ByKind;
}

/** How faults act on observations that are alike; for each link it is worked out once. */
export class Effect {
  readonly nothing: number;
  /**
   * By the kind of a fault, from the places that `under` tells: its factor, which counts when there
   * are others too; and, after these, P(observed | this fault and no other).
   */
  readonly rows: Rows;
  /** In the rows of links; null: only this look knows it. */
  readonly #index: number | null;
  /** P(observed | faults) is linear in the product of their factors, and not less than `#floor`. */
  readonly #base: number;
  readonly #slope: number;
  readonly #floor: number;
  readonly #elsewhere: number;
  readonly #factors: EffectSpec['factors'];

  /** `keeper`: it is kept with these links, and so are its rows. */
  constructor(spec: EffectSpec, keeper: Links | null) {
    const { form, nothing, scale, floor, elsewhere, factors } = spec;
    this.nothing = nothing;
    this.rows = keeper?.rows ?? new Rows();
    this.#index = keeper?.newEffect() ?? null;
    this.#base = form === 'brings' ? 1 : 0;
    this.#slope = form === 'brings' ? -scale : scale;
    this.#floor = floor;
    this.#elsewhere = elsewhere;
    this.#factors = factors;
  }

  under(link: Link): number {
    const known = this.#index === null ? undefined : link.rows[this.#index];
    if (known !== undefined) return known;
    const isElsewhere = link.how === 'none';
    const factors = isElsewhere ? faultKinds.map(() => this.#elsewhere) : this.#factors(link);
    const under = this.rows.add(factors);
    this.rows.add(factors.map((one) => this.likelihood(one)));
    if (this.#index !== null) link.rows[this.#index] = under;
    return under;
  }

  /** `product`: of the factors of all faults that are there, of which there is at least one. */
  likelihood(product: number): number {
    return Math.max(this.#floor, this.#base + this.#slope * product);
  }
}
