/** Faults on purpose: begin one, watch it, and the record of past ones. */
import { useContext, useEffect, useState } from 'react';
import { DeedButton } from '../parts/confirm.tsx';
import { Link } from '../parts/link.tsx';
import { Scroll } from '../parts/scroll.tsx';
import { useLive } from '../state/use-live.ts';
import { useMay } from '../state/use-may.ts';
import { useRead } from '../state/use-read.ts';
import { moment, span } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';

interface DrillView {
  readonly id: number;
  readonly by: string;
  readonly fault: string;
  readonly target: string | null;
  readonly at: number;
  readonly ended: number | null;
  readonly failure: string | null;
  readonly result: DrillResult | null;
}

/** What `daruma drill --json` prints, as far as it is shown. */
interface DrillResult {
  readonly end: 'recovered' | 'observed' | 'needs-person' | 'timed-out' | 'interrupted';
  readonly incident: string | null;
  readonly detectedMs: number | null;
  readonly locatedMs: number | null;
  readonly recoveredMs: number | null;
  readonly verifiedMs: number | null;
}

const steps = [
  ['detected', 'detectedMs'],
  ['located', 'locatedMs'],
  ['recovered', 'recoveredMs'],
  ['verified', 'verifiedMs'],
] as const;

const faults = ['kill', 'hang', 'slow', 'leak', 'crash-loop'] as const;
const lookAgainMs = 1_000;

export function DrillsPage() {
  const say = useSay();
  const may = useMay('operator');
  const [version, setVersion] = useState(0);
  const { value } = useRead<{ items: DrillView[] }>('/api/v1/drills?limit=100', version);
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
      {may ? <Begin then={() => setVersion(version + 1)} /> : null}
      <section>
        <h2>{say('drillsDone')}</h2>
        <Past drills={drills} />
      </section>
    </>
  );
}

function Begin({ then }: { readonly then: () => void }) {
  const say = useSay();
  const { stack } = useLive();
  const targets = (stack?.services ?? []).flatMap(({ instances }) => instances.map(({ id }) => id));
  const [chosen, choose] = useState<string | null>(null);
  const [fault, setFault] = useState<string>(faults[0]);
  const target = chosen ?? targets[0];
  if (target === undefined) return null;
  const deed = {
    label: 'drill',
    sentence: say('sureDrill', { fault, what: target }),
    path: '/api/v1/drills',
    body: { fault, target },
    tone: 'danger',
  } as const;
  return (
    <div className="form">
      <label>
        {say('fault')}
        <select value={fault} onChange={(event) => setFault(event.target.value)}>
          {faults.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        {say('instance')}
        <select value={target} onChange={(event) => choose(event.target.value)}>
          {targets.map((id) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <DeedButton deed={deed} then={then} />
    </div>
  );
}

function Past({ drills }: { readonly drills: readonly DrillView[] }) {
  const say = useSay();
  return (
    <Scroll label={say('drillsDone')}>
      <table>
        <thead>
          <tr>
            <th>{say('drill')}</th>
            <th>{say('when')}</th>
            <th>{say('phase')}</th>
            <th>{say('took')}</th>
            <th>{say('incident')}</th>
          </tr>
        </thead>
        <tbody>
          {drills.map((drill) => (
            <Row key={drill.id} drill={drill} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ drill }: { readonly drill: DrillView }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const { result, failure, ended, at } = drill;
  const incident = result?.incident ?? null;
  const times = steps.flatMap(([word, field]) => {
    const ms = result?.[field] ?? null;
    return ms === null ? [] : [`${say(word)} ${span(ms)}`];
  });
  return (
    <tr>
      <th scope="row">
        {drill.fault} {drill.target}
        <p className="hint">{drill.by}</p>
      </th>
      <td>{moment(at, language)}</td>
      <td>{ended === null ? say('underWay') : (failure ?? say(verdict(result)))}</td>
      <td>
        {ended === null ? '' : span(ended - at)}
        <p className="hint">{times.join(' · ')}</p>
      </td>
      <td>{incident === null ? '' : <Link to={`/incident/${incident}`}>{incident}</Link>}</td>
    </tr>
  );
}

function verdict(result: DrillResult | null) {
  if (result?.end === 'needs-person') return 'stateNeedsPerson';
  return result?.end === 'recovered' || result?.end === 'observed' ? 'recovered' : 'outcomeFailed';
}
