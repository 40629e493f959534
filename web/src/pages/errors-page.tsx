/** The registry of errors. */
import { useState } from 'react';
import { ErrorRows } from '../parts/error-rows.tsx';
import { NotYet } from '../parts/failure.tsx';
import { type Errors, useErrors } from '../state/use-errors.ts';
import type { Word } from '../words/english.ts';
import { useSay } from '../words/words.ts';

const states: readonly (readonly [string, Word])[] = [
  ['', 'errorsShown'],
  ['new', 'errorsNew'],
  ['acknowledged', 'errorsAcknowledged'],
  ['muted', 'errorsMuted'],
  ['all', 'errorsAll'],
];

export function ErrorsPage() {
  const say = useSay();
  const [search, setSearch] = useState('');
  const [state, setState] = useState('');
  const wanted = state === '' ? { search } : { search, state };
  const found = useErrors(wanted);
  return (
    <>
      <h1>{say('errors')}</h1>
      <div className="form">
        <label className="search">
          {say('search')}
          <input
            type="search"
            value={search}
            maxLength={200}
            onChange={(event) => setSearch(event.target.value)}
          />
        </label>
        <label className="search">
          {say('show')}
          <select value={state} onChange={(event) => setState(event.target.value)}>
            {states.map(([name, word]) => (
              <option key={name} value={name}>
                {say(word)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Found found={found} isAll={search === '' && state === ''} />
    </>
  );
}

function Found({ found, isAll }: { readonly found: Errors; readonly isAll: boolean }) {
  const say = useSay();
  const { errors, error, more, isCut, again } = found;
  if (errors === null) return <NotYet error={error} />;
  if (errors.length === 0) return <p>{say(isAll ? 'noErrors' : 'noErrorFound')}</p>;
  return (
    <>
      <ErrorRows errors={errors} then={again} />
      {more === null ? null : (
        <button type="button" onClick={more}>
          {say('more')}
        </button>
      )}
      {isCut ? <p className="hint">{say('errorsCut', { count: errors.length })}</p> : null}
    </>
  );
}
