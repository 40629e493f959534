/** Kills the controller and waits until another has taken everything over. */
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError } from '../model/errors.ts';
import type { StackView } from '../model/view.ts';
import type { DrillResult } from './drill-run.ts';
import { noTimes } from './drill-times.ts';
import { type LoadFigures, type ProbeTarget, ProbingLoad } from './probing-load.ts';
import type { Session } from './session.ts';

const lookEveryMs = 20;

export async function drillController(
  session: Session,
  target: ProbeTarget | null,
  timeoutMs: number,
): Promise<DrillResult> {
  const { client } = session;
  const old = await client.version();
  if (old === null) throw new DarumaError('NOT_RUNNING', 'the stack is not running');
  const before = pids(await client.stack());
  const load = target === null ? null : new ProbingLoad(target);
  const begun = performance.now();
  let recoveredMs: number | null = null;
  let adopted = 0;
  let figures: LoadFigures | null = null;
  try {
    process.kill(old.pid, 'SIGKILL');
    while (recoveredMs === null && performance.now() - begun < timeoutMs) {
      await pause(lookEveryMs);
      const now = await client.version();
      if (now === null || now.pid === old.pid) continue;
      const view = await client.stack();
      if (view.state === 'looking') continue;
      recoveredMs = performance.now() - begun;
      adopted = [...pids(view)].filter((pid) => before.has(pid)).length;
    }
  } finally {
    figures = (await load?.stop()) ?? null;
  }
  return {
    ...noTimes,
    blamed: null,
    fault: 'controller-kill',
    target: 'controller',
    end: recoveredMs === null ? 'timed-out' : 'recovered',
    recoveredMs,
    incident: null,
    summary: `${adopted} of ${before.size} instances go on as the same process`,
    load: figures,
  };
}

function pids(view: StackView): Set<number> {
  const all = view.services.flatMap(({ instances }) => instances);
  return new Set(all.flatMap(({ pid }) => (pid === null ? [] : [pid])));
}
