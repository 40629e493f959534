/** When recovery points are due: by time since the last one, or by a cron pattern (local time). */
import type { RecoveryPointsSpec } from '../model/recovery-point.ts';

export type Schedule = NonNullable<RecoveryPointsSpec['schedule']>;

/** The first time after a moment, as stack time; null: never. What reads patterns is loaded when
 * there is one. */
export async function nextAfter(schedule: Schedule, moment: number): Promise<number | null> {
  if (schedule.kind === 'every') return moment + schedule.ms;
  const { Cron } = await import('croner');
  const next = new Cron(schedule.pattern, { paused: true }).nextRun(new Date(moment));
  return next?.getTime() ?? null;
}

/** When it is told that none came: two in a row were missed. */
export async function lateAfter(schedule: Schedule, moment: number): Promise<number | null> {
  const first = await nextAfter(schedule, moment);
  return first === null ? null : nextAfter(schedule, first);
}

const retryMinMs = 30_000;
const retryMaxMs = 900_000;

/** How long after so many failures in a row it is tried again. */
export function retryMs(failures: number): number {
  return Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(20, failures - 1));
}
