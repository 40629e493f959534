/**
 * q(action, fault): how likely an action mends a fault. Default table, judgement and not
 * measurement, until outcomes teach better.
 */
import type { FaultKind } from '../model/symptom.ts';

type Mends = Readonly<Record<FaultKind, number>>;

export const restartMends: Mends = {
  crash: 0.9,
  hang: 0.9,
  slow: 0.5,
  overload: 0.2,
  leak: 0.9,
  disk: 0.05,
  error: 0.4,
  release: 0.1,
  corruption: 0.1,
  unreachable: 0.2,
  configuration: 0.1,
};

/** The others carry on without it; the instance itself may come right when it has less to do. */
export const takeOutMends: Mends = {
  crash: 0,
  hang: 0.1,
  slow: 0.4,
  overload: 0,
  leak: 0.05,
  disk: 0,
  error: 0.1,
  release: 0,
  corruption: 0,
  unreachable: 0.1,
  configuration: 0,
};

/** Another instance does the work, with its own process, disk and data; but with the same load, the
 * same program and the same settings. */
export const failOverMends: Mends = {
  crash: 0.98,
  hang: 0.98,
  slow: 0.5,
  overload: 0.02,
  leak: 0.9,
  disk: 0.9,
  error: 0.3,
  release: 0.05,
  // A standby's pages are its own: what is damaged on one disk is not on the other.
  corruption: 0.85,
  unreachable: 0.9,
  configuration: 0.1,
};

/** A user's action mends what he says it may; nothing is known of how often. */
export const userActionMends = 0.6;

/** The data is what it was; what runs on it, and where, is not changed. */
export const restoreMends: Mends = {
  crash: 0,
  hang: 0,
  slow: 0,
  overload: 0,
  leak: 0,
  disk: 0,
  error: 0,
  release: 0,
  corruption: 0.9,
  unreachable: 0,
  configuration: 0,
};

/** Expected time until a person has mended it; makes asking the last choice. */
export const personMs = 1_800_000;
/** Time to be ready again when no earlier start tells. */
export const startMsDefault = 2_000;
/** From the fence of the old primary to the first write through the new one. */
export const failOverMsDefault = 600;
/** To bring the data back and start on it, as long as nothing is known of it. */
export const restoreMsDefault = 60_000;
/** A primary that is started again first recovers what its crash left. */
export const recoveryMsMin = 2_000;
/** To drain and stop what still serves. */
export const drainMs = 2_000;
/** An action is worth trying from this P(recovers) on. */
export const worthFrom = 0.02;
/** What an interruption costs a service that has no other ready instance, as a factor of time. */
export const aloneFactor = 3;
/**
 * What an action did not mend it seldom mends the next time: repeats are no independent trials. So
 * much less is expected of each.
 */
export const againFactor = 0.1;
