/** The event log, newest first. */
import { useContext, useState } from 'react';
import type { StoredRecord } from '../../../src/model/record.ts';
import { Table } from '../parts/table.tsx';
import { useLive } from '../state/use-live.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';

const step = 200;

export function EventsPage() {
  const say = useSay();
  const { records } = useLive();
  const [shown, setShown] = useState(step);
  return (
    <>
      <h1>{say('events')}</h1>
      <Table label={say('events')} heads={['#', say('when'), say('what'), say('note')]}>
        {records.slice(0, shown).map((one) => (
          <EventRow key={one.seq} stored={one} />
        ))}
      </Table>
      {records.length > shown ? (
        <button type="button" onClick={() => setShown(shown + step)}>
          {say('more')}
        </button>
      ) : null}
    </>
  );
}

function EventRow({ stored: { seq, record } }: { readonly stored: StoredRecord }) {
  const { language } = useContext(Speech);
  const { at, kind, ...rest } = record;
  return (
    <tr>
      <td className="number">{seq}</td>
      <td>{moment(at, language)}</td>
      <th scope="row">{kind}</th>
      <td className="message">
        <code>{JSON.stringify(rest)}</code>
      </td>
    </tr>
  );
}
