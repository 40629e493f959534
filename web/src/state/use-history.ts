/** How signals went: read once, then each second what is new. */
import { useEffect, useState } from 'react';
import type { SignalSeries } from '../../../src/model/signal-history.ts';
import { read } from '../api/request.ts';

export interface Wanted {
  /** A service or an instance. */
  readonly of: string;
  readonly signals: readonly string[];
  readonly from: number;
  /** Absent: it goes on. */
  readonly to?: number;
}

const everyMs = 1_000;

interface Answer {
  readonly items: readonly SignalSeries[];
}

export function useHistory({ of, signals, from, to }: Wanted): readonly SignalSeries[] {
  const [series, setSeries] = useState<readonly SignalSeries[]>([]);
  const names = signals.join(',');
  useEffect(() => {
    const stopped = new AbortController();
    let last = from;
    const look = async () => {
      const query = new URLSearchParams({ of, signals: names, from: String(last) });
      if (to !== undefined) query.set('to', String(to));
      const { items } = await read<Answer>(`/api/v1/signals/history?${query}`, stopped.signal);
      const newest = items.flatMap(({ points }) => points.at(-1)?.[0] ?? []);
      if (newest.length === 0) return;
      last = Math.max(...newest) + 1;
      setSeries((before) => joined(before, items, from));
    };
    const carefully = () =>
      look().catch((error: unknown) => {
        if (!stopped.signal.aborted) console.warn('signals could not be read:', error);
      });
    setSeries([]);
    void carefully();
    const timer = to === undefined ? setInterval(carefully, everyMs) : undefined;
    return () => {
      clearInterval(timer);
      stopped.abort();
    };
  }, [of, names, from, to]);
  return series;
}

function joined(
  before: readonly SignalSeries[],
  more: readonly SignalSeries[],
  from: number,
): readonly SignalSeries[] {
  const keyOf = ({ component, signal }: SignalSeries) => `${component} ${signal}`;
  const known = new Map(before.map((series) => [keyOf(series), series]));
  for (const series of more) {
    const earlier = known.get(keyOf(series))?.points ?? [];
    const points = [...earlier, ...series.points].filter(([at]) => at >= from);
    known.set(keyOf(series), { ...series, points });
  }
  return [...known.values()].sort((left, right) => keyOf(left).localeCompare(keyOf(right)));
}
