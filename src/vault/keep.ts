/**
 * Which points stay. Pure: the rules of `keep:` over what there is.
 *
 * 1. What a point that stays needs, stays.
 * 2. Nothing younger than the least age goes without consent.
 * 3. The newest stays, whatever the rules say.
 * 4. As long as it is not known what some point needs, everything older than it stays.
 */
import type { KeepSpec, PointId } from '../model/recovery-point.ts';

export interface KeepPoint {
  readonly id: PointId;
  /** Wall-clock milliseconds. */
  readonly at: number;
  readonly needs: readonly PointId[];
}

export interface KeepQuestion {
  readonly points: readonly KeepPoint[];
  readonly keep: KeepSpec;
  readonly now: number;
  /** A person's, to the removal of what is younger than the least age. */
  readonly consent: boolean;
  /** Points of which it isn't known what they need. */
  readonly unreadable: readonly PointId[];
}

export interface KeepAnswer {
  /** Oldest first. */
  readonly removed: readonly PointId[];
  /** Oldest first. */
  readonly kept: readonly { readonly id: PointId; readonly why: string }[];
}

type Reasons = Map<PointId, string[]>;

export function decideKeep(question: KeepQuestion): KeepAnswer {
  const { keep, now, consent, unreadable } = question;
  const newestFirst = [...question.points].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  const reasons: Reasons = new Map();
  const because = (why: string, points: readonly KeepPoint[]): void => {
    for (const { id } of points) reasons.set(id, [...(reasons.get(id) ?? []), why]);
  };
  because('the newest', newestFirst.slice(0, 1));
  because(`one of the last ${keep.last}`, newestFirst.slice(0, keep.last));
  for (const [why, count, bucketOf] of periods(keep)) {
    because(why, lastOfEach(newestFirst, bucketOf, count));
  }
  because(
    'within the time that all are kept',
    newestFirst.filter(({ at }) => keep.withinMs > 0 && now - at < keep.withinMs),
  );
  const young = newestFirst.filter(({ at }) => now - at < keep.minAgeMs);
  if (!consent) because('younger than the least age', young);
  for (const id of unreadable) {
    const older = newestFirst.filter((point) => point.id < id);
    because(`perhaps needed by ${id}, whose summary can't be read`, older);
  }
  addNeeded(newestFirst, reasons);
  const oldestFirst = newestFirst.reverse();
  return {
    removed: oldestFirst.filter(({ id }) => !reasons.has(id)).map(({ id }) => id),
    kept: oldestFirst.flatMap(({ id }) => {
      const why = reasons.get(id);
      return why === undefined ? [] : [{ id, why: why.join(', ') }];
    }),
  };
}

type Period = readonly [why: string, count: number, bucketOf: (at: number) => number | string];

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;
/** 1970-01-05 was a Monday. */
const firstMondayMs = 4 * dayMs;

function periods(keep: KeepSpec): readonly Period[] {
  return [
    ['the last of an hour', keep.hourly, (at) => Math.floor(at / hourMs)],
    ['the last of a day', keep.daily, (at) => Math.floor(at / dayMs)],
    ['the last of a week', keep.weekly, (at) => Math.floor((at - firstMondayMs) / (7 * dayMs))],
    ['the last of a month', keep.monthly, (at) => new Date(at).toISOString().slice(0, 7)],
  ];
}

function lastOfEach(
  newestFirst: readonly KeepPoint[],
  bucketOf: (at: number) => number | string,
  count: number,
): readonly KeepPoint[] {
  const found = new Map<number | string, KeepPoint>();
  for (const point of newestFirst) {
    const bucket = bucketOf(point.at);
    if (found.size < count && !found.has(bucket)) found.set(bucket, point);
  }
  return [...found.values()];
}

function addNeeded(points: readonly KeepPoint[], reasons: Reasons): void {
  const byId = new Map(points.map((point) => [point.id, point]));
  const open = points.filter(({ id }) => reasons.has(id));
  for (let point = open.pop(); point !== undefined; point = open.pop()) {
    for (const need of point.needs) {
      const found = byId.get(need);
      if (found === undefined || reasons.has(need)) continue;
      reasons.set(need, [`needed by ${point.id}`]);
      open.push(found);
    }
  }
}
