/** Compares what was noted with what is there. Pure. */
import type { Fact, Row } from './fact.ts';

export interface Judgement {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly rows: number;
  /** Acknowledged, and not there: as `client/number by server`. */
  readonly lost: readonly string[];
  /** There more than once. */
  readonly doubled: readonly string[];
  /** There, and never sent. */
  readonly invented: readonly string[];
  /** Two servers that took facts in the same span of time. */
  readonly overlaps: readonly string[];
  /** Longest time in which nothing was acknowledged, in milliseconds. */
  readonly longestPauseMs: number;
  /** Who took facts, in the order of their first. */
  readonly servers: readonly string[];
}

export function judge(facts: readonly Fact[], rows: readonly Row[]): Judgement {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  const sent = new Set(facts.map(keyOf));
  const acknowledged = facts.filter(({ outcome }) => outcome === 'acknowledged');
  const reigns = reignsOf(rows);
  return {
    acknowledged: acknowledged.length,
    unknown: facts.length - acknowledged.length,
    rows: rows.length,
    lost: acknowledged
      .filter((fact) => !counts.has(keyOf(fact)))
      .map((fact) => `${keyOf(fact)} by ${fact.by}`),
    doubled: [...counts].filter(([, count]) => count > 1).map(([key]) => key),
    invented: [...counts.keys()].filter((key) => !sent.has(key)),
    overlaps: overlapsOf(reigns),
    longestPauseMs: longestPause(acknowledged),
    servers: reigns.map(({ by }) => by),
  };
}

export function isSound({ lost, doubled, invented, overlaps }: Judgement): boolean {
  return [lost, doubled, invented, overlaps].every((list) => list.length === 0);
}

function keyOf({ client, number }: Pick<Row, 'client' | 'number'>): string {
  return `${client}/${number}`;
}

interface Reign {
  readonly by: string;
  readonly from: number;
  readonly to: number;
}

/** From the first to the last fact that each server took on each of its timelines. */
function reignsOf(rows: readonly Row[]): Reign[] {
  const reigns = new Map<string, Reign>();
  for (const { by, at } of rows) {
    const known = reigns.get(by) ?? { by, from: at, to: at };
    reigns.set(by, { by, from: Math.min(known.from, at), to: Math.max(known.to, at) });
  }
  return [...reigns.values()].sort((a, b) => a.from - b.from);
}

function overlapsOf(reigns: readonly Reign[]): string[] {
  const found: string[] = [];
  for (const [index, later] of reigns.entries()) {
    for (const earlier of reigns.slice(0, index)) {
      if (earlier.to >= later.from) {
        const byMs = (earlier.to - later.from).toFixed(1);
        found.push(`${earlier.by} still took facts ${byMs} ms after ${later.by} took its first`);
      }
    }
  }
  return found;
}

/** Between two acknowledgements, in milliseconds; `from`: and to the first. */
export function longestPause(facts: readonly Fact[], from?: number): number {
  const acknowledged = facts.filter(({ outcome }) => outcome === 'acknowledged');
  const times = acknowledged.map(({ answeredAt }) => answeredAt).sort((a, b) => a - b);
  if (from !== undefined) times.unshift(from);
  let longest = 0;
  for (let index = 1; index < times.length; index += 1) {
    longest = Math.max(longest, (times[index] ?? 0) - (times[index - 1] ?? 0));
  }
  return longest;
}
