/** How often an error happened lately: counts of a number of hours and of quarters of days. */

const hourMs = 3_600_000;
const quarterMs = 6 * hourMs;
const hoursKept = 24;
const quartersKept = 28;

export interface ErrorTrend {
  /** The time that the last counts hold. */
  readonly until: number;
  /** Of each hour (UTC) of a day, the oldest first; the last is that of `until`. */
  readonly hours: readonly number[];
  /** Of each quarter of a day (UTC) of a week, likewise. */
  readonly quarters: readonly number[];
}

/** Nothing has happened. */
export function noTrend(until: number): ErrorTrend {
  return {
    until,
    hours: Array.from({ length: hoursKept }, () => 0),
    quarters: Array.from({ length: quartersKept }, () => 0),
  };
}

/** With one happening more; one that is older than the counts go back is left out. */
export function counted(trend: ErrorTrend, at: number): ErrorTrend {
  const { until, hours, quarters } = trendAt(trend, at);
  return {
    until,
    hours: plusOne(hours, until, at, hourMs),
    quarters: plusOne(quarters, until, at, quarterMs),
  };
}

/** The same, seen from a later time; an earlier one changes nothing. */
export function trendAt(trend: ErrorTrend, now: number): ErrorTrend {
  if (now <= trend.until) return trend;
  return {
    until: now,
    hours: shifted(trend.hours, bucket(now, hourMs) - bucket(trend.until, hourMs)),
    quarters: shifted(trend.quarters, bucket(now, quarterMs) - bucket(trend.until, quarterMs)),
  };
}

/** Of two that were taken for different errors. */
export function sumOf(one: ErrorTrend, other: ErrorTrend): ErrorTrend {
  const until = Math.max(one.until, other.until);
  const [left, right] = [trendAt(one, until), trendAt(other, until)];
  const add = (counts: readonly number[], more: readonly number[]) =>
    counts.map((count, index) => count + (more[index] ?? 0));
  return {
    until,
    hours: add(left.hours, right.hours),
    quarters: add(left.quarters, right.quarters),
  };
}

function bucket(at: number, widthMs: number): number {
  return Math.floor(at / widthMs);
}

function shifted(counts: readonly number[], by: number): readonly number[] {
  if (by === 0) return counts;
  const gone = Math.min(by, counts.length);
  return [...counts.slice(gone), ...Array.from({ length: gone }, () => 0)];
}

function plusOne(
  counts: readonly number[],
  until: number,
  at: number,
  widthMs: number,
): readonly number[] {
  const index = counts.length - 1 - (bucket(until, widthMs) - bucket(at, widthMs));
  const count = counts[index];
  return count === undefined ? counts : counts.with(index, count + 1);
}
