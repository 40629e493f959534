/** Errors that belong to an incident, and what the logs said when they happened. */
import { useContext } from 'react';
import type { ErrorRecord } from '../../../src/model/error-record.ts';
import type { IncidentView } from '../../../src/model/view.ts';
import { useErrors } from '../state/use-errors.ts';
import { useRead } from '../state/use-read.ts';
import { span } from '../words/times.ts';
import { type Speaking, Speech } from '../words/words.ts';
import { ErrorRows } from './error-rows.tsx';
import { type LogPlace, LogsAround } from './log-around.tsx';

/** An error that is not linked tells where the log was if it was seen so near to the onset. */
const nearMs = 60_000;

export function RelatedErrors({ incident }: { readonly incident: IncidentView }) {
  const speech = useContext(Speech);
  const { say } = speech;
  const { errors } = useErrors({ incident: incident.id });
  const path = `/api/v1/incidents/${encodeURIComponent(incident.id)}/logs`;
  const { value: logs } = useRead<{ items: readonly LogPlace[] }>(path, incident.symptoms.length);
  if (errors === null) return null;
  return (
    <>
      <section>
        <h2>{say('relatedErrors')}</h2>
        {errors.length === 0 ? <p>{say('noRelatedErrors')}</p> : <ErrorRows errors={errors} />}
      </section>
      <LogsAround
        title={say('logsAround')}
        places={withOthers(placesIn(errors, incident), logs?.items ?? [])}
        mark={({ at }) => noticed(at, incident, speech)}
      />
    </>
  );
}

/** Of each instance the place nearest to the onset, that of the blamed one first. */
function placesIn(errors: readonly ErrorRecord[], incident: IncidentView): readonly LogPlace[] {
  const found = new Map<string, LogPlace & { readonly awayMs: number }>();
  for (const error of errors) {
    const { instance } = error.origin;
    const place = placeOf(error, incident);
    if (instance === null || place === null) continue;
    const known = found.get(instance);
    if (known === undefined || place.awayMs < known.awayMs) {
      found.set(instance, { instance, ...place });
    }
  }
  const rank = ({ instance }: LogPlace) => (instance === incident.component ? 0 : 1);
  return [...found.values()].sort(
    (one, other) => rank(one) - rank(other) || one.awayMs - other.awayMs,
  );
}

/** And of those of which no error tells, where the log was when the incident began. */
function withOthers(found: readonly LogPlace[], all: readonly LogPlace[]): readonly LogPlace[] {
  const known = new Set(found.map(({ instance }) => instance));
  return [...found, ...all.filter(({ instance }) => !known.has(instance))];
}

function placeOf({ incidents, log, lastSeen }: ErrorRecord, { id, onset }: IncidentView) {
  const link = incidents.find(({ incident }) => incident === id);
  if (link !== undefined && link.log !== null) {
    return { awayMs: Math.abs(link.at - onset), at: link.at, offset: link.log };
  }
  const awayMs = Math.abs(lastSeen - onset);
  return log === null || awayMs > nearMs ? null : { awayMs, at: lastSeen, offset: log };
}

/** A log has no times: the place is where it ended when something was noticed, which is later than
 * the onset if that is an estimate. */
function noticed(
  at: number,
  { onset, returned }: IncidentView,
  { language, say }: Speaking,
): string {
  const began = returned !== undefined && at >= returned ? returned : onset;
  const afterMs = Math.round(at - began);
  if (afterMs === 0) return say('onset');
  return say(afterMs > 0 ? 'noticedAfter' : 'noticedBefore', {
    time: span(Math.abs(afterMs), language),
  });
}
