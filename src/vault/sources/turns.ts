/** How long processes had a processor, and how long they waited for one, as the kernel counts. */
import { readdirSync, readFileSync } from 'node:fs';
import { errorInfo } from '../../model/errors.ts';

export interface Turns {
  /** Of a clock that is never set. */
  readonly atMs: number;
  /** By thread: milliseconds since its start. */
  readonly threads: ReadonlyMap<string, { readonly ranMs: number; readonly waitedMs: number }>;
}

/** Of two that want the same processor, one that gets a thirtieth waits so much longer. */
const waitedPerRan = 29;
/** Who waits less than this of the time has little to do. */
const waitedShareMin = 0.1;

/** Whether others left these processes less than a thirtieth of what they wanted between two
 * looks. */
export function isStarved(before: Turns, now: Turns): boolean {
  let ranMs = 0;
  let waitedMs = 0;
  for (const [thread, turns] of now.threads) {
    const old = before.threads.get(thread) ?? { ranMs: 0, waitedMs: 0 };
    ranMs += turns.ranMs - old.ranMs;
    waitedMs += turns.waitedMs - old.waitedMs;
  }
  const passedMs = now.atMs - before.atMs;
  return waitedMs > waitedPerRan * ranMs && waitedMs > waitedShareMin * passedMs;
}

/** Without threads whose turns the kernel doesn't count. */
export function turnsOf(pids: readonly string[]): Turns {
  const threads = pids.flatMap((pid) =>
    unlessGone(() => readdirSync(`/proc/${pid}/task`), []).map((thread) => [pid, thread] as const),
  );
  const counted = threads.flatMap(([pid, thread]) => {
    const read = () => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    const [ran = Number.NaN, waited = Number.NaN] = unlessGone(read, '').split(' ').map(Number);
    if (Number.isNaN(waited)) return [];
    return [[thread, { ranMs: ran / 1e6, waitedMs: waited / 1e6 }] as const];
  });
  return { atMs: performance.now(), threads: new Map(counted) };
}

/** `otherwise`: for what has ended, or isn't there in this kernel. */
function unlessGone<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorInfo(error).code)) return otherwise;
    throw error;
  }
}
