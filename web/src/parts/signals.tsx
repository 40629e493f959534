/** What an instance measures: the values of now, and how they went. */
import { useEffect, useRef, useState } from 'react';
import type { Sample } from '../../../src/model/sample.ts';
import { read } from '../api/request.ts';
import { useSay } from '../words/words.ts';
import { Plot, type Series } from './plot.tsx';

const everyMs = 1_000;
const pointsMax = 600;
const plotted = [
  'cpu',
  'memory.rss',
  'health.latency',
  'endpoint.connections',
  'endpoint.requests',
];

type Points = readonly (readonly [number, number])[];

export function Signals({ service }: { readonly service: string }) {
  const say = useSay();
  const history = useHistory(service);
  if (history.size === 0) return null;
  const series = [...history].map(([label, points]): Series => ({ label, points }));
  return (
    <section>
      <h2>{say('signals')}</h2>
      <div className="plots">
        {series.map((one) => (
          <figure key={one.label}>
            <figcaption>{one.label}</figcaption>
            <Plot series={one} />
          </figure>
        ))}
      </div>
    </section>
  );
}

function useHistory(service: string): ReadonlyMap<string, Points> {
  const [history, setHistory] = useState<ReadonlyMap<string, Points>>(new Map());
  const kept = useRef(new Map<string, Points>());
  useEffect(() => {
    kept.current = new Map();
    const stopped = new AbortController();
    const look = async () => {
      const path = `/api/v1/signals?service=${encodeURIComponent(service)}`;
      const { items } = await read<{ items: Sample[] }>(path, stopped.signal);
      for (const sample of items) add(kept.current, sample);
      setHistory(new Map(kept.current));
    };
    const timer = setInterval(() => look().catch(() => setHistory(new Map())), everyMs);
    return () => {
      clearInterval(timer);
      stopped.abort();
    };
  }, [service]);
  return history;
}

function add(history: Map<string, Points>, { component, signal, at, value }: Sample): void {
  if (!plotted.includes(signal)) return;
  const label = `${component} ${signal}`;
  const before = history.get(label) ?? [];
  if (before.at(-1)?.[0] === at) return;
  history.set(label, [...before.slice(1 - pointsMax), [at, value]]);
}
