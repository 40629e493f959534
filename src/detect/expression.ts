/**
 * A condition over time → a symptom, with Prometheus' `for` and `keep_firing_for`: it begins when
 * the condition has held for `forMs` without a break, and ends when it has not held for
 * `keepFiringForMs`. An unknown value changes nothing at first; after a gap in the samples nobody
 * knows whether it held meanwhile, so waiting begins anew, and what nobody sees any more has ended.
 */
export interface ExpressionRules {
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

export interface ExpressionState {
  /** Since when it holds without a break; null: it doesn't. */
  readonly since: number | null;
  /** The latest known sample, and the latest that held. */
  readonly seenAt: number;
  readonly heldAt: number;
  readonly firing: boolean;
}

export type ExpressionChange =
  | { readonly kind: 'began'; readonly began: number }
  | { readonly kind: 'ended' }
  | null;

export const initialExpression: ExpressionState = {
  since: null,
  seenAt: Number.NEGATIVE_INFINITY,
  heldAt: Number.NEGATIVE_INFINITY,
  firing: false,
};

/** A longer gap between known samples breaks what has been held so far. */
const gapMsMax = 10_000;

export function observeCondition(
  state: ExpressionState,
  rules: ExpressionRules,
  sample: { readonly at: number; readonly holds: boolean | null },
): { readonly state: ExpressionState; readonly change: ExpressionChange } {
  const { at, holds } = sample;
  if (holds === null) return unknown(state, rules, at);
  if (!holds) return released(state, rules, at);
  const unbroken = state.since !== null && at - state.seenAt <= gapMsMax;
  const since = unbroken && state.since !== null ? state.since : at;
  const firing = state.firing || at - since >= rules.forMs;
  const change: ExpressionChange = firing && !state.firing ? { kind: 'began', began: since } : null;
  return { state: { since, seenAt: at, heldAt: at, firing }, change };
}

function unknown(
  state: ExpressionState,
  rules: ExpressionRules,
  at: number,
): { readonly state: ExpressionState; readonly change: ExpressionChange } {
  const isLost = at - state.seenAt > Math.max(gapMsMax, rules.keepFiringForMs);
  if (!state.firing || !isLost) return { state, change: null };
  return { state: { ...state, since: null, firing: false }, change: { kind: 'ended' } };
}

function released(
  state: ExpressionState,
  rules: ExpressionRules,
  at: number,
): { readonly state: ExpressionState; readonly change: ExpressionChange } {
  const firing = state.firing && at - state.heldAt < rules.keepFiringForMs;
  const change: ExpressionChange = state.firing && !firing ? { kind: 'ended' } : null;
  return { state: { ...state, since: null, seenAt: at, firing }, change };
}
