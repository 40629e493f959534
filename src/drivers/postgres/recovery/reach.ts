/**
 * What can be restored from a point by the log that is stored, told from the log's keys alone, so
 * that no private key is needed. Pure.
 *
 * The way from a point on is its own timeline, and from where a later one began that: a segment in
 * which a timeline begins also holds what its parent wrote in it before.
 */
import type { PointSummary, PostgresPointFacts } from '../../../model/recovery-point.ts';
import type { LogTarget, Reach } from '../../../ports/data-driver.ts';
import {
  type LogFile,
  nameOfSegment,
  positionOf,
  readLogKey,
  readSegmentName,
  segmentAt,
  type TimelineBegin,
  timelineOfHistory,
} from './log-names.ts';

const usualSegmentBytes = 16 * 1024 * 1024;

export function segmentBytesOf({ segmentBytes }: PostgresPointFacts): number {
  return segmentBytes ?? usualSegmentBytes;
}

/** Of the cluster that the point is of. */
export function filesOf(facts: PostgresPointFacts, keys: readonly string[]): LogFile[] {
  return keys.flatMap((key) => {
    const file = readLogKey(key);
    return file !== null && file.systemId === facts.systemId ? [file] : [];
  });
}

export function reachOf(
  point: Pick<PointSummary, 'at' | 'postgres'>,
  keys: readonly string[],
): Reach {
  const facts = point.postgres;
  if (facts === undefined) return { until: point.at, gaps: [] };
  return reachBy(point.at, facts, filesOf(facts, keys));
}

/** `at`: the point's own moment. */
export function reachBy(at: number, facts: PostgresPointFacts, files: readonly LogFile[]): Reach {
  const segments = new Map(files.map((file) => [file.name, file]));
  const way = wayTo(facts, files, latestTimeline(facts, files, Number.POSITIVE_INFINITY));
  const bytes = segmentBytesOf(facts);
  const last = files.reduce((most, { name }) => {
    const number = readSegmentName(name, bytes)?.number ?? 0n;
    return number > most ? number : most;
  }, 0n);
  let until = at;
  const missing: string[] = [];
  for (let number = firstBehind(facts); number <= last; number += 1n) {
    const name = nameOfSegment({ timeline: way(number), number }, bytes);
    const found = segments.get(name);
    if (found === undefined) missing.push(name);
    else if (missing.length === 0) until = Math.max(until, found.writtenAt);
  }
  return { until, gaps: inWords(missing, segments, way, last, bytes) };
}

/** All that is before its segment was written by then. */
export function momentBefore(
  point: Pick<PointSummary, 'at' | 'postgres'>,
  keys: readonly string[],
  lsn: string,
): number {
  const facts = point.postgres;
  if (facts === undefined) return point.at;
  const bytes = segmentBytesOf(facts);
  const wanted = segmentAt(positionOf(lsn), bytes);
  const before = filesOf(facts, keys).filter(({ name }) => {
    const number = readSegmentName(name, bytes)?.number;
    return number !== undefined && number >= firstBehind(facts) && number < wanted;
  });
  return Math.max(point.at, ...before.map(({ writtenAt }) => writtenAt));
}

/** Those that no point which is kept needs; without any point nothing is known. */
export function unneededLog(
  kept: readonly PostgresPointFacts[],
  keys: readonly string[],
): readonly string[] {
  if (kept.length === 0) return [];
  return keys.filter((key) => {
    const file = readLogKey(key);
    if (file === null) return false;
    const own = kept.filter(({ systemId }) => systemId === file.systemId);
    if (own.length === 0) return true;
    const name = file.name.replace(/\.partial$/, '');
    return own.every((facts) => {
      const number = readSegmentName(name, segmentBytesOf(facts))?.number;
      return number !== undefined && number < startOf(facts);
    });
  });
}

/** On which a restore to the target ends: the latest there was then. */
export function timelineFor(
  facts: PostgresPointFacts,
  files: readonly LogFile[],
  target: LogTarget,
): number {
  if (target.kind === 'point') return facts.timeline;
  const at = target.kind === 'time' ? target.at : Number.POSITIVE_INFINITY;
  return latestTimeline(facts, files, at);
}

/** The first segment that a recovery of the point asks for. */
export function startOf(facts: PostgresPointFacts): bigint {
  return segmentAt(positionOf(facts.startLsn), segmentBytesOf(facts));
}

/** Which timeline's segment of a number is on the way from the point to the end of `timeline`. */
export function wayTo(
  facts: PostgresPointFacts,
  files: readonly LogFile[],
  timeline: number,
): (number: bigint) => number {
  const begins = beginsOf(files);
  const bytes = segmentBytesOf(facts);
  const steps: { timeline: number; from: bigint }[] = [];
  for (let at = timeline; at !== facts.timeline; ) {
    const begin = begins.get(at);
    if (begin === undefined) break;
    steps.unshift({ timeline: at, from: segmentAt(begin.position, bytes) });
    at = begin.parent;
  }
  return (number) => steps.findLast(({ from }) => from <= number)?.timeline ?? facts.timeline;
}

interface Begin extends TimelineBegin {
  readonly writtenAt: number;
}

function beginsOf(files: readonly LogFile[]): Map<number, Begin> {
  const found = files.flatMap(({ name, began, writtenAt }): [number, Begin][] => {
    const timeline = timelineOfHistory(name);
    return timeline === null || began === null ? [] : [[timeline, { ...began, writtenAt }]];
  });
  return new Map(found);
}

/** The latest that had begun by then and comes from the point's own. */
function latestTimeline(facts: PostgresPointFacts, files: readonly LogFile[], at: number): number {
  const begins = beginsOf(files);
  const stop = positionOf(facts.stopLsn);
  const descends = (timeline: number): boolean => {
    if (timeline === facts.timeline) return true;
    const begin = begins.get(timeline);
    // What parted before the copy ended has another content.
    return begin !== undefined && begin.position >= stop && descends(begin.parent);
  };
  const known = [...begins].filter(([, { writtenAt }]) => writtenAt <= at);
  return Math.max(facts.timeline, ...known.map(([timeline]) => timeline).filter(descends));
}

/** What the point itself doesn't hold whole. */
function firstBehind(facts: PostgresPointFacts): bigint {
  const bytes = segmentBytesOf(facts);
  const last = segmentAt(positionOf(facts.stopLsn) - 1n, bytes);
  return facts.standby === true ? last : last + 1n;
}

/** Only what something comes after. */
function inWords(
  missing: readonly string[],
  segments: ReadonlyMap<string, LogFile>,
  way: (number: bigint) => number,
  last: bigint,
  bytes: number,
): string[] {
  const lastName = nameOfSegment({ timeline: way(last), number: last }, bytes);
  const runs: string[][] = [];
  for (const name of missing) {
    const run = runs.at(-1);
    const number = readSegmentName(name, bytes)?.number ?? 0n;
    const before = readSegmentName(run?.at(-1) ?? '', bytes)?.number;
    if (run !== undefined && before === number - 1n) run.push(name);
    else runs.push([name]);
  }
  return runs
    .filter((run) => run.at(-1) !== lastName || segments.has(lastName))
    .map((run) => (run.length === 1 ? `${run[0]}` : `${run[0]} to ${run.at(-1)}`));
}
