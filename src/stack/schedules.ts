/** Whether cron patterns make sense. What reads them is loaded only when there is one. */
import type { RecoveryPointsSpec } from '../model/recovery-point.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { StackDocument } from './document.ts';
import type { Path } from './problem.ts';

type Schedule = RecoveryPointsSpec['schedule'];

export async function checkSchedules(document: StackDocument, spec: StackSpec): Promise<void> {
  for (const { path, schedule } of schedulesOf(spec)) {
    if (schedule?.kind !== 'cron') continue;
    const { Cron } = await import('croner');
    try {
      const next = new Cron(schedule.pattern, { paused: true }).nextRun();
      if (next === null) document.complain(path, { message: 'this moment never comes' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      document.complain(path, { message: `not a cron pattern: ${reason}` });
    }
  }
}

function schedulesOf(spec: StackSpec): { readonly path: Path; readonly schedule: Schedule }[] {
  const ofServices = spec.services.flatMap(({ name, recoveryPoints: points }) => [
    {
      path: ['services', name, 'recovery_points', 'every'],
      schedule: points?.schedule ?? null,
    },
    {
      path: ['services', name, 'restore_drill', 'every'],
      schedule: points?.drill?.schedule ?? null,
    },
  ]);
  const own = spec.recoveryPoints?.schedule ?? null;
  return [...ofServices, { path: ['recovery_points', 'every'], schedule: own }];
}
