/** What is known of recovery points and restores: the fold of their records. */
import type { ActionId } from '../model/ids.ts';
import type { PointId, RestoreOrder, RestorePlan, RestoreStep } from '../model/recovery-point.ts';

/** From its first step until what was put aside is removed or back in its place. */
export interface RestoreState {
  action: ActionId;
  order: RestoreOrder;
  plan: RestorePlan | null;
  step: RestoreStep;
  state: 'asked' | 'begun' | 'done' | 'failed';
  at: number;
}

export interface PointsState {
  /** The newest. */
  made: { point: PointId; at: number } | null;
  /** Failures in a row since, and when the last of them was. */
  failures: number;
  failedAt: number | null;
  error: string | null;
  /** What the last drill found. */
  proof: { point: PointId | null; at: number; ok: boolean; error: string | null } | null;
}

export function newPoints(): PointsState {
  return { made: null, failures: 0, failedAt: null, error: null, proof: null };
}
