/** How the signals of a service or an instance went, as plots. */
import { useHistory, type Wanted } from '../state/use-history.ts';
import { useSay } from '../words/words.ts';
import { type Mark, Plot } from './plot.tsx';

export const plotted = [
  'cpu',
  'memory.rss',
  'health.latency',
  'endpoint.connections',
  'endpoint.requests',
  'replication.lag_bytes',
];

const noMarks: readonly Mark[] = [];

export function Signals(props: { readonly wanted: Wanted; readonly marks?: readonly Mark[] }) {
  const say = useSay();
  const series = useHistory(props.wanted);
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
            <Plot series={one} marks={props.marks ?? noMarks} />
          </figure>
        ))}
      </div>
    </section>
  );
}
