/**
 * Matches of a log pattern → a symptom: it begins with the `count`-th match within the window and
 * ends after quiet.
 */
export interface LogRules {
  readonly count: number;
  readonly withinMs: number;
  readonly quietMs: number;
}

export interface LogState {
  /** Times of the newest matches, oldest first; at most `count`. */
  readonly matches: readonly number[];
  readonly lastAt: number;
  readonly firing: boolean;
}

export type LogChange =
  | { readonly kind: 'began'; readonly began: number }
  | { readonly kind: 'ended' }
  | null;

export const initialLog: LogState = {
  matches: [],
  lastAt: Number.NEGATIVE_INFINITY,
  firing: false,
};

export interface LogStep {
  readonly state: LogState;
  readonly change: LogChange;
}

export function observeMatch(state: LogState, rules: LogRules, at: number): LogStep {
  if (state.firing) return { state: { ...state, lastAt: at }, change: null };
  const matches = [...state.matches, at].slice(-rules.count);
  const began = matches[0] ?? at;
  const firing = matches.length >= rules.count && at - began <= rules.withinMs;
  if (!firing) return { state: { matches, lastAt: at, firing }, change: null };
  return { state: { matches: [], lastAt: at, firing }, change: { kind: 'began', began } };
}

/** To be called now and then, with the time. */
export function observeQuiet(state: LogState, rules: LogRules, at: number): LogStep {
  if (!state.firing || at - state.lastAt < rules.quietMs) return { state, change: null };
  return { state: { ...state, firing: false }, change: { kind: 'ended' } };
}
