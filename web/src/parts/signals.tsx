/** How the signals of a service or an instance went, as plots. */
import { useMemo } from 'react';
import type { SignalSeries } from '../../../src/model/signal-history.ts';
import { useHistory, type Wanted } from '../state/use-history.ts';
import { useSay } from '../words/words.ts';
import { type Extent, type Mark, Plot } from './plot.tsx';

export const plotted = [
  'cpu',
  'memory.rss',
  'health.latency',
  'endpoint.connections',
  'endpoint.requests',
  'replication.lag_bytes',
];

const noMarks: readonly Mark[] = [];

/** From the first to the last of all of them, so that a moment has one place in all plots. */
function extentOf(all: readonly SignalSeries[], marks: readonly Mark[]): Extent {
  const ends = all.flatMap(({ points }) => [...points.slice(0, 1), ...points.slice(-1)]);
  const times = [...ends.map(([at]) => at), ...marks.map(({ at }) => at)];
  return { from: Math.min(...times), to: Math.max(...times) };
}

export function Signals(props: { readonly wanted: Wanted; readonly marks?: readonly Mark[] }) {
  const say = useSay();
  const { wanted, marks = noMarks } = props;
  const series = useHistory(wanted);
  const extent = useMemo(() => extentOf(series, marks), [series, marks]);
  if (series.length === 0) return null;
  return (
    <section>
      <h2>{say('signals')}</h2>
      <div className="plots">
        {series.map((one) => (
          <figure key={`${one.component} ${one.signal}`}>
            <figcaption>
              {one.component} <code>{one.signal}</code>
            </figcaption>
            <Plot series={one} marks={marks} extent={extent} />
          </figure>
        ))}
      </div>
    </section>
  );
}
