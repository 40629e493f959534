/** One page that tells the story of an incident. */
import { useContext } from 'react';
import type { Symptom } from '../../../src/model/symptom.ts';
import type { IncidentView } from '../../../src/model/view.ts';
import { Badge } from '../parts/badge.tsx';
import { Causes } from '../parts/causes.tsx';
import { DeedButton } from '../parts/confirm.tsx';
import { Plan } from '../parts/plan.tsx';
import { incidentTones, incidentWords } from '../parts/state.ts';
import { Timeline } from '../parts/timeline.tsx';
import { useLive } from '../state/use-live.ts';
import { useMay } from '../state/use-may.ts';
import { useRead } from '../state/use-read.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';

export function IncidentPage({ id }: { readonly id: string }) {
  const say = useSay();
  const { incidents, records } = useLive();
  const listed = incidents.find((one) => one.id === id);
  const path = `/api/v1/incidents/${encodeURIComponent(id)}`;
  const { value, error } = useRead<IncidentView>(
    listed === undefined ? path : null,
    records[0]?.seq,
  );
  const incident = listed ?? value;
  if (incident === null) return <p>{error ?? say('loading')}</p>;
  return (
    <article className="incident">
      <h1>
        {say('incident')} {incident.id}{' '}
        <Badge tone={incidentTones[incident.state]}>{say(incidentWords[incident.state])}</Badge>
      </h1>
      <p className="lead">{incident.summary}</p>
      <Consent incident={incident} />
      <Timeline incident={incident} />
      <Causes causes={incident.causes} unsure={incident.unsure} />
      <Plan actions={incident.actions} />
      <Symptoms symptoms={incident.symptoms} />
    </article>
  );
}

function Consent({ incident }: { readonly incident: IncidentView }) {
  const say = useSay();
  const may = useMay('operator');
  if (incident.state !== 'needs-person' || !may) return null;
  const asked = incident.actions.at(-1)?.reason ?? '';
  const path = `/api/v1/incidents/${encodeURIComponent(incident.id)}`;
  return (
    <section className="consent">
      <p>{say('approveAsk')}</p>
      <div className="buttons">
        <DeedButton
          deed={{ label: 'approve', sentence: asked, path: `${path}/approve`, tone: 'danger' }}
        />
        <DeedButton deed={{ label: 'reject', sentence: asked, path: `${path}/reject` }} />
      </div>
    </section>
  );
}

function Symptoms(props: {
  readonly symptoms: readonly (Symptom & { readonly ended: number | null })[];
}) {
  const say = useSay();
  const { language } = useContext(Speech);
  return (
    <section>
      <h2>{say('symptoms')}</h2>
      <ul className="symptoms">
        {props.symptoms.map((one) => (
          <li key={`${one.id} ${one.began}`}>
            <strong>{one.component}</strong> {one.evidence}{' '}
            <span className="hint">
              {moment(one.began, language)}
              {one.ended === null ? '' : ` – ${moment(one.ended, language)}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
