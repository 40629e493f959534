/** What drills have shown: which faults each service stands, and how fast it recovers. */
import { useContext } from 'react';
import { span } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { Badge } from './badge.tsx';
import { type DrillView, verdict } from './drill-outcome.ts';
import { Table } from './table.tsx';

export function Scorecard({ drills }: { readonly drills: readonly DrillView[] }) {
  const say = useSay();
  const judged = drills.filter(({ result }) => result !== null && result.end !== 'interrupted');
  if (judged.length === 0) return null;
  const faults = [...new Set(judged.map(({ fault }) => fault))].sort();
  const services = [...new Set(judged.map(serviceOf))].sort();
  return (
    <section>
      <h2>{say('scorecard')}</h2>
      <Table label={say('scorecard')} heads={[say('service'), ...faults]}>
        {services.map((service) => (
          <tr key={service}>
            <th scope="row">{service}</th>
            {faults.map((fault) => (
              <td key={fault}>
                <Score
                  of={judged.filter((one) => one.fault === fault && serviceOf(one) === service)}
                />
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </section>
  );
}

/** Or Daruma's own controller. */
function serviceOf({ target }: DrillView): string {
  return target?.split('/')[0] ?? '';
}

function Score({ of: drills }: { readonly of: readonly DrillView[] }) {
  const { language, say } = useContext(Speech);
  if (drills.length === 0) return '–';
  const stood = drills.filter(({ result }) => verdict(result) === 'recovered');
  const slowestMs = Math.max(...stood.map(({ result }) => result?.recoveredMs ?? 0));
  return (
    <>
      <Badge tone={stood.length === drills.length ? 'good' : 'bad'}>
        {say('stoodOf', { stood: stood.length, count: drills.length })}
      </Badge>
      {stood.length === 0 ? null : (
        <p className="hint">{say('recoveredWithin', { time: span(slowestMs, language) })}</p>
      )}
    </>
  );
}
