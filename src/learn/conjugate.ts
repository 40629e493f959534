/**
 * Conjugate updates: a prior worth so many cases, and what was counted. Formulas: Gelman, Carlin,
 * Stern, Dunson, Vehtari, Rubin, Bayesian Data Analysis, 3rd edition (BDA3).
 */
import type { Spread, Tally } from '../model/knowledge.ts';

/** Nothing that was learned makes something certain. */
const chanceMin = 0.001;
const chanceMax = 0.999;

function clampChance(chance: number): number {
  return Math.min(chanceMax, Math.max(chanceMin, chance));
}

/**
 * Posterior mean of a Beta whose prior has this mean and is worth `weight` cases (BDA3 §2.4):
 * (weight · mean + yes) / (weight + yes + no), within [0.001, 0.999].
 */
export function betaMean(mean: number, weight: number, { yes, no }: Tally): number {
  return clampChance((weight * mean + yes) / (weight + yes + no));
}

/**
 * Posterior mean of a relative rate θ with cases ~ Poisson(expected · θ) and the prior
 * θ ~ Gamma(weight, weight), of mean 1 (BDA3 §2.6): (weight + cases) / (weight + expected).
 */
export function relativeRate(weight: number, cases: number, expected: number): number {
  return (weight + cases) / (weight + expected);
}

/** One more duration, in milliseconds, by its logarithm (Welford, Technometrics 4(3), 1962). */
export function addDuration(spread: Spread, ms: number): void {
  const value = Math.log(Math.max(1, ms));
  const delta = value - spread.mean;
  spread.count += 1;
  spread.mean += delta / spread.count;
  spread.m2 += delta * (value - spread.mean);
}

/** Weight of the prior's location, in cases. */
const locationWeight = 1;
/** The prior of the variance of the logarithm: so many cases, each 0.5² off: a factor of 1.6. */
const varianceWeight = 4;
const varianceFirst = 0.25;
/** A wider spread is not believed: the mean grows with its exponential. */
const varianceMost = 1;

export interface Duration {
  readonly medianMs: number;
  readonly meanMs: number;
}

/**
 * Predictive median and mean of a log-normal duration with the normal-inverse-χ² prior on its
 * logarithm (BDA3 §3.3): location ln(`defaultMs`) worth one case. The mean of the predictive
 * (a log-t) is infinite, so it is taken of the log-normal with the expected variance.
 */
export function expectedDuration(defaultMs: number, spread: Spread | undefined): Duration {
  const { count, mean, m2 } = spread ?? { count: 0, mean: 0, m2: 0 };
  const first = Math.log(Math.max(1, defaultMs));
  const location = (locationWeight * first + count * mean) / (locationWeight + count);
  if (count === 0) return { medianMs: defaultMs, meanMs: defaultMs };
  const variance = Math.min(
    varianceMost,
    (varianceWeight * varianceFirst + m2) / (varianceWeight + count),
  );
  const medianMs = Math.exp(location);
  return { medianMs, meanMs: medianMs * Math.exp(variance / 2) };
}
