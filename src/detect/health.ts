/**
 * Results of checks → readiness, suspicion and the health symptom of one instance.
 *
 * Checks overlap, so results arrive in another order than they were asked in; what counts is when
 * each was asked. Invariants:
 *
 * 1. `row` holds the newest failures that were asked after every passed check, oldest first.
 * 2. A symptom begins when the row is `retries` long and its onset is the first of the row.
 * 3. One passed check ends the symptom, unless it flaps: each onset soon after an end asks for one
 *    pass more (up to five in a row), so that a flapping instance is one happening and not fifty.
 * 4. A result asked before the start of the instance or before a pause of our own proves nothing.
 */
import type { SymptomKind } from '../model/symptom.ts';

export type CheckFailure = 'timeout' | 'refused' | 'failed';

export type CheckResult =
  | { readonly ok: true }
  /** `text` is for a person, such as «timed out after 500 ms». */
  | { readonly ok: false; readonly failure: CheckFailure; readonly text: string };

export interface HealthRules {
  readonly intervalMs: number;
  /** Consecutive failures that make the instance unhealthy; ≥ 1. */
  readonly retries: number;
  readonly startPeriodMs: number;
}

export interface HealthSample {
  readonly askedAt: number;
  readonly result: CheckResult;
  /** False: an extra check between the regular ones. It can acquit, its failure proves nothing. */
  readonly counts: boolean;
}

export interface HealthState {
  readonly startedAt: number;
  /** `starting`: never passed. `assumed`: adopted, and was ready. `ready`: has passed. */
  readonly phase: 'starting' | 'assumed' | 'ready';
  readonly unhealthy: boolean;
  readonly suspected: boolean;
  readonly row: readonly number[];
  /** Passed checks in a row. */
  readonly passes: number;
  /** When the newest passed check was asked. */
  readonly passedAt: number;
  readonly voidBefore: number;
  readonly endedAt: number;
  /** Onsets soon after an end, in a row. */
  readonly flaps: number;
}

export type HealthVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'suspect'; readonly suspected: boolean }
  | {
      readonly kind: 'began';
      readonly symptom: Extract<
        SymptomKind,
        'health-timeout' | 'health-refused' | 'health-failed' | 'unready'
      >;
      readonly began: number;
      readonly evidence: string;
    }
  | { readonly kind: 'ended' };

export interface HealthStep {
  readonly state: HealthState;
  readonly verdicts: readonly HealthVerdict[];
}

/** An onset within so many intervals after the end of the last one counts as flapping. */
const flapIntervals = 10;
const flapsMax = 4;

export function initialHealth(startedAt: number, wasReady: boolean): HealthState {
  return {
    startedAt,
    phase: wasReady ? 'assumed' : 'starting',
    unhealthy: false,
    suspected: false,
    row: [],
    passes: 0,
    passedAt: Number.NEGATIVE_INFINITY,
    voidBefore: startedAt,
    endedAt: Number.NEGATIVE_INFINITY,
    flaps: 0,
  };
}

export function observeCheck(
  state: HealthState,
  rules: HealthRules,
  sample: HealthSample,
): HealthStep {
  if (sample.askedAt < state.voidBefore) return { state, verdicts: [] };
  return sample.result.ok
    ? passed(state, rules, sample.askedAt)
    : failed(state, rules, sample, sample.result);
}

/** Our own process was paused until `at`: what was asked before is void, a row begins anew. */
export function voidHealth(state: HealthState, at: number): HealthState {
  return { ...state, voidBefore: at, row: state.unhealthy ? state.row : [] };
}

function passed(state: HealthState, rules: HealthRules, askedAt: number): HealthStep {
  const row = state.row.filter((failedAt) => failedAt > askedAt);
  const passes = state.passes + 1;
  const ends = state.unhealthy && row.length < rules.retries && passes > state.flaps;
  const unhealthy = state.unhealthy && !ends;
  const clears = state.suspected && !unhealthy && row.length === 0;
  const verdicts: HealthVerdict[] = [];
  // A late answer to an early question: what was asked since says otherwise.
  const ready = state.phase === 'ready' || !unhealthy;
  if (ready && state.phase !== 'ready') verdicts.push({ kind: 'ready' });
  if (ends) verdicts.push({ kind: 'ended' });
  if (clears) verdicts.push({ kind: 'suspect', suspected: false });
  const next: HealthState = {
    ...state,
    phase: ready ? 'ready' : state.phase,
    unhealthy,
    suspected: state.suspected && !clears,
    row,
    passes,
    passedAt: Math.max(state.passedAt, askedAt),
    endedAt: ends ? askedAt : state.endedAt,
  };
  return { state: next, verdicts };
}

function failed(
  state: HealthState,
  rules: HealthRules,
  sample: HealthSample,
  result: Extract<CheckResult, { readonly ok: false }>,
): HealthStep {
  const { askedAt } = sample;
  const spared = state.phase === 'starting' && askedAt < state.startedAt + rules.startPeriodMs;
  if (!sample.counts || spared || askedAt <= state.passedAt) return { state, verdicts: [] };
  const row = [...state.row, askedAt].sort((a, b) => a - b).slice(-rules.retries);
  const next: HealthState = { ...state, row, passes: 0 };
  if (state.unhealthy) return { state: next, verdicts: [] };
  if (row.length < rules.retries) return suspectHealth(next);
  const began = row[0] ?? askedAt;
  const flapping = began - state.endedAt < flapIntervals * rules.intervalMs;
  const verdict: HealthVerdict = {
    kind: 'began',
    symptom: state.phase === 'starting' ? 'unready' : `health-${result.failure}`,
    began,
    evidence: `health check failed ${rules.retries}×: ${result.text}`,
  };
  const flaps = flapping ? Math.min(state.flaps + 1, flapsMax) : 0;
  return { state: { ...next, unhealthy: true, flaps }, verdicts: [verdict] };
}

/** There is a reason to prefer others, until a check passes. */
export function suspectHealth(state: HealthState): HealthStep {
  if (state.suspected || state.phase === 'starting') return { state, verdicts: [] };
  return {
    state: { ...state, suspected: true },
    verdicts: [{ kind: 'suspect', suspected: true }],
  };
}
