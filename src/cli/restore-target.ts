/** What `--to` and `--since` mean. */
import { DarumaError } from '../model/errors.ts';
import type { PointView, RestoreTarget } from '../model/recovery-point.ts';
import { parseDuration } from '../stack/quantity.ts';

const pointPattern = /^\d{8}T\d{6}\.\d{3}Z-[0-9a-z]{4}$/;
const lsnPattern = /^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/;

export interface TargetContext {
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** Just before the moment. */
  readonly before: boolean;
  /** For names that people gave to points. */
  readonly points: () => Promise<readonly PointView[]>;
}

/** Throws BAD_REQUEST or NOT_FOUND. */
export async function restoreTarget(text: string, context: TargetContext): Promise<RestoreTarget> {
  const target = await meantBy(text, context);
  if (context.before && !('before' in target))
    throw new DarumaError('BAD_REQUEST', `--before goes with a time or an LSN, not with ${text}`);
  if (target.kind === 'time' && target.at > context.now)
    throw new DarumaError('BAD_REQUEST', `--to ${text}: that is still to come`);
  return target;
}

/** What `--since` means, in wall-clock milliseconds. Throws BAD_REQUEST. */
export function sinceTime(text: string, now: number): number {
  const at = timeMeantBy(text, now);
  if (at === null)
    throw new DarumaError('BAD_REQUEST', `--since ${text}: expected a time, or a time ago as 15m`);
  if (at > now) throw new DarumaError('BAD_REQUEST', `--since ${text}: that is still to come`);
  return at;
}

async function meantBy(text: string, context: TargetContext): Promise<RestoreTarget> {
  const { before, now } = context;
  if (text === 'latest') return { kind: 'latest' };
  if (pointPattern.test(text)) return { kind: 'point', point: text };
  if (lsnPattern.test(text)) return { kind: 'lsn', lsn: text, before };
  const at = timeMeantBy(text, now);
  if (at !== null) return { kind: 'time', at, before };
  const points = await context.points();
  const named = points.findLast((point) => point.name === text || point.id.startsWith(text));
  if (named !== undefined) return { kind: 'point', point: named.id };
  throw new DarumaError(
    'BAD_REQUEST',
    `--to ${text}: expected latest, a point (daruma points), a time such as 2026-01-31T14:03:07 ` +
      'or 14:03, a time ago such as 15m, an LSN, or the name of a point',
  );
}

/** Wall-clock milliseconds of a time, or of a time ago; null: it is neither. */
function timeMeantBy(text: string, now: number): number | null {
  const agoMs = parseDuration(text);
  if (agoMs !== null) return now - agoMs;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? momentOf(text) : timeOfToday(text, now);
  return Number.isNaN(at) ? null : at;
}

/** Local time, also for a day without a time, which `Date.parse` takes for one of UTC. */
function momentOf(text: string): number {
  return Date.parse(text.length === '2026-01-31'.length ? `${text}T00:00` : text);
}

/** The last time that clocks here showed it; null: no time of day. */
function timeOfToday(text: string, now: number): number | null {
  const [, hours, minutes, seconds = '0'] =
    /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const date = new Date(now);
  date.setHours(Number(hours), Number(minutes), 0, Math.round(Number(seconds) * 1000));
  if (date.getTime() > now) date.setDate(date.getDate() - 1);
  return date.getTime();
}
