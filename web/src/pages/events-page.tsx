/** The event log, newest first: a line for a person, and behind it what was written. */
import { memo, useContext, useState } from 'react';
import type { LogRecord, StoredRecord } from '../../../src/model/record.ts';
import { recordText } from '../../../src/model/record-text.ts';
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
      <Table label={say('events')} heads={['#', say('when'), say('what')]}>
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

/** Of a stack file the API tells no more than that there was one: it may hold secrets. */
function lineOf(record: LogRecord): string | null {
  return record.kind === 'configured' ? 'stack file taken' : recordText(record);
}

/** Drawn once: more come all the time. */
const EventRow = memo(function EventRow(props: { readonly stored: StoredRecord }) {
  const { seq, record } = props.stored;
  const { language, tell } = useContext(Speech);
  const { at, kind, ...rest } = record;
  const text = lineOf(record);
  return (
    <tr>
      <td className="number">{seq}</td>
      <td>{moment(at, language)}</td>
      <td className="message">
        {text === null ? null : tell(text)}
        <details className="hint">
          <summary>{kind}</summary>
          <code>{JSON.stringify(rest)}</code>
        </details>
      </td>
    </tr>
  );
});
