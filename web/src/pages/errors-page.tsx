import { useContext, useState } from 'react';
import type { ErrorRecord } from '../../../src/model/error-record.ts';
import { DeedButton } from '../parts/confirm.tsx';
import { Scroll } from '../parts/scroll.tsx';
import { useLive } from '../state/use-live.ts';
import { useMay } from '../state/use-may.ts';
import { useRead } from '../state/use-read.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';

export function ErrorsPage() {
  const say = useSay();
  const { records } = useLive();
  const [done, setDone] = useState(0);
  const [search, setSearch] = useState('');
  const version = `${records[0]?.seq ?? 0} ${done}`;
  const { value } = useRead<{ items: ErrorRecord[] }>('/api/v1/errors?limit=500', version);
  const errors = (value?.items ?? []).filter(({ code, message }) =>
    `${code} ${message}`.toLowerCase().includes(search.toLowerCase()),
  );
  return (
    <>
      <h1>{say('errors')}</h1>
      <label className="search">
        {say('search')}
        <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
      </label>
      {errors.length === 0 ? (
        <p>{say('noErrors')}</p>
      ) : (
        <ErrorRows errors={errors} then={() => setDone(done + 1)} />
      )}
    </>
  );
}

function ErrorRows(props: { readonly errors: readonly ErrorRecord[]; readonly then: () => void }) {
  const say = useSay();
  return (
    <Scroll label={say('errors')}>
      <table>
        <thead>
          <tr>
            <th>{say('code')}</th>
            <th>{say('message')}</th>
            <th>{say('origin')}</th>
            <th>{say('count')}</th>
            <th>{say('firstSeen')}</th>
            <th>{say('lastSeen')}</th>
            <th>{say('acknowledge')}</th>
          </tr>
        </thead>
        <tbody>
          {props.errors.map((error) => (
            <ErrorRow key={error.id} error={error} then={props.then} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function ErrorRow({ error, then }: { readonly error: ErrorRecord; readonly then: () => void }) {
  const say = useSay();
  const may = useMay('operator');
  const { language } = useContext(Speech);
  return (
    <tr>
      <th scope="row">
        <code>{error.code}</code>
      </th>
      <td className="message">{error.message}</td>
      <td>{error.origin.instance ?? error.origin.service ?? error.origin.host}</td>
      <td className="number">{error.count}</td>
      <td>{moment(error.firstSeen, language)}</td>
      <td>{moment(error.lastSeen, language)}</td>
      <td>
        {error.acknowledgedBy !== null ? (
          say('acknowledgedBy', { who: error.acknowledgedBy })
        ) : may ? (
          <DeedButton
            deed={{
              label: 'acknowledge',
              sentence: `${error.code}: ${error.message}`,
              path: `/api/v1/errors/${encodeURIComponent(error.id)}/acknowledge`,
            }}
            then={then}
          />
        ) : null}
      </td>
    </tr>
  );
}
