/** Faults on purpose: begin one, watch it, and what past ones tell. */
import { useContext, useEffect, useState } from 'react';
import { BeginDrill } from '../parts/begin-drill.tsx';
import { type DrillView, failureText, verdict } from '../parts/drill-outcome.ts';
import { Link } from '../parts/link.tsx';
import { Scorecard } from '../parts/scorecard.tsx';
import { Table } from '../parts/table.tsx';
import { useLive } from '../state/use-live.ts';
import { useRead } from '../state/use-read.ts';
import { moment, span } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';

const steps = [
  ['detected', 'detectedMs'],
  ['located', 'locatedMs'],
  ['recovered', 'recoveredMs'],
  ['verified', 'verifiedMs'],
] as const;

const lookAgainMs = 1_000;

export function DrillsPage() {
  const say = useSay();
  const { stack, records } = useLive();
  const targets = (stack?.services ?? []).flatMap(({ instances }) => instances.map(({ id }) => id));
  const [version, setVersion] = useState(0);
  // One may be begun elsewhere, on a command line.
  const begun = records.find(({ record }) => record.kind === 'drill-began')?.seq ?? 0;
  const path = '/api/v1/drills?limit=100';
  const { value } = useRead<{ items: DrillView[] }>(path, `${version} ${begun}`);
  const drills = value?.items ?? [];
  const running = drills.some(({ ended }) => ended === null);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setVersion((before) => before + 1), lookAgainMs);
    return () => clearInterval(timer);
  }, [running]);
  return (
    <>
      <h1>{say('drills')}</h1>
      <p className="hint">{say('drillWhat')}</p>
      <BeginDrill targets={targets} then={() => setVersion(version + 1)} />
      <Scorecard drills={drills} />
      <section>
        <h2>{say('drillsDone')}</h2>
        <Past drills={drills} />
      </section>
    </>
  );
}

function Past({ drills }: { readonly drills: readonly DrillView[] }) {
  const say = useSay();
  return (
    <Table
      label={say('drillsDone')}
      heads={[say('drill'), say('when'), say('phase'), say('took'), say('incident')]}
    >
      {drills.map((drill) => (
        <Row key={drill.id} drill={drill} />
      ))}
    </Table>
  );
}

function Row({ drill }: { readonly drill: DrillView }) {
  const { language, say, tell } = useContext(Speech);
  const { result, failure, ended, at } = drill;
  const incident = result?.incident ?? null;
  const times = steps.flatMap(([word, field]) => {
    const ms = result?.[field] ?? null;
    return ms === null ? [] : [`${say(word)} ${span(ms, language)}`];
  });
  return (
    <tr>
      <th scope="row">
        {drill.fault} {drill.target}
        <p className="hint">{drill.by}</p>
      </th>
      <td>{moment(at, language)}</td>
      <td>
        {ended === null
          ? say('underWay')
          : failure === null
            ? say(verdict(result))
            : tell(failureText(failure))}
      </td>
      <td>
        {ended === null || result === null ? '' : span(ended - at, language)}
        <p className="hint">{times.join(' · ')}</p>
      </td>
      <td>{incident === null ? '' : <Link to={`/incident/${incident}`}>{incident}</Link>}</td>
    </tr>
  );
}
