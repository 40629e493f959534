/** One page that tells the story of an incident. */
import { useContext, useMemo } from 'react';
import type { Symptom } from '../../../src/model/symptom.ts';
import type { IncidentView } from '../../../src/model/view.ts';
import { Badge } from '../parts/badge.tsx';
import { Causes } from '../parts/causes.tsx';
import { DeedButton } from '../parts/confirm.tsx';
import { NotYet } from '../parts/failure.tsx';
import { Plan } from '../parts/plan.tsx';
import { RelatedErrors } from '../parts/related-errors.tsx';
import { plotted, Signals } from '../parts/signals.tsx';
import { actionWords, incidentTones, incidentWords } from '../parts/state.ts';
import { Timeline } from '../parts/timeline.tsx';
import { useLive } from '../state/use-live.ts';
import { useMay } from '../state/use-may.ts';
import { useRead } from '../state/use-read.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';

export function IncidentPage({ id }: { readonly id: string }) {
  const { say, tell } = useContext(Speech);
  const { incidents, records } = useLive();
  const listed = incidents.find((one) => one.id === id);
  const path = `/api/v1/incidents/${encodeURIComponent(id)}`;
  const { value, error } = useRead<IncidentView>(
    listed === undefined ? path : null,
    records[0]?.seq,
  );
  const incident = listed ?? value;
  if (incident === null) return <NotYet error={error} />;
  return (
    <article className="incident">
      <h1>
        {say('incident')} {incident.id}{' '}
        <Badge tone={incidentTones[incident.state]}>{say(incidentWords[incident.state])}</Badge>
      </h1>
      <p className="lead">{tell(incident.summary)}</p>
      <Consent incident={incident} />
      <Timeline incident={incident} />
      <Causes causes={incident.causes} unsure={incident.unsure} />
      <Plan actions={incident.actions} />
      <Around incident={incident} />
      <Symptoms symptoms={incident.symptoms} />
      <RelatedErrors incident={incident} />
    </article>
  );
}

const beforeMs = 30_000;
const afterMs = 30_000;

/** What was measured around the onset. */
function Around({ incident }: { readonly incident: IncidentView }) {
  const say = useSay();
  const { onset, returned = onset, component, actions, recovered, resolved } = incident;
  const marks = useMemo(
    () => [
      { at: returned, label: say('onset') },
      ...actions.flatMap(({ begun: at, kind }) =>
        at === null ? [] : [{ at, label: say(actionWords[kind]) }],
      ),
      ...(recovered === null ? [] : [{ at: recovered, label: say('recovered') }]),
    ],
    [returned, actions, recovered, say],
  );
  if (component === null) return null;
  const wanted = { of: component, signals: plotted, from: returned - beforeMs };
  const range = resolved === null ? wanted : { ...wanted, to: resolved + afterMs };
  return <Signals wanted={range} marks={marks} />;
}

function Consent({ incident }: { readonly incident: IncidentView }) {
  const { say, tell } = useContext(Speech);
  const may = useMay('operator');
  if (incident.state !== 'needs-person' || !may) return null;
  const asked = tell(incident.actions.at(-1)?.reason ?? '');
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
  const { language, say, tell } = useContext(Speech);
  return (
    <section>
      <h2>{say('symptoms')}</h2>
      <ul className="symptoms">
        {props.symptoms.map((one) => (
          <li key={`${one.id} ${one.began}`}>
            <strong>{one.component}</strong> {tell(one.evidence)}{' '}
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
