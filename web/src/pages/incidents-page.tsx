import { IncidentRows } from '../parts/incident-rows.tsx';
import { useLive } from '../state/use-live.ts';
import { useSay } from '../words/words.ts';

export function IncidentsPage() {
  const say = useSay();
  const { incidents } = useLive();
  return (
    <>
      <h1>{say('incidents')}</h1>
      {incidents.length === 0 ? (
        <p>{say('noIncidents')}</p>
      ) : (
        <IncidentRows incidents={incidents} />
      )}
    </>
  );
}
