/** Who may come in, and as what; for administrators. */
import { type FormEvent, useState } from 'react';
import { act } from '../api/request.ts';
import type { Person } from '../api/session.ts';
import { useRead } from '../state/use-read.ts';
import { useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';

export function People() {
  const say = useSay();
  const [version, setVersion] = useState(0);
  const { value } = useRead<{ items: Person[] }>('/api/v1/people', version);
  return (
    <section>
      <h2>{say('people')}</h2>
      <ul className="rows">
        {(value?.items ?? []).map((person) => (
          <li key={person.name}>
            <strong>{person.name}</strong>
            <span>{say(person.role)}</span>
            <DeedButton
              deed={{
                label: 'revoke',
                sentence: person.name,
                method: 'DELETE',
                path: `/api/v1/people/${encodeURIComponent(person.name)}`,
                tone: 'danger',
              }}
              then={() => setVersion(version + 1)}
            />
          </li>
        ))}
      </ul>
      <Invite />
    </section>
  );
}

function Invite() {
  const say = useSay();
  const [secret, setSecret] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const role = new FormData(event.currentTarget).get('role');
    try {
      const made = await act<{ text: string }>('POST', '/api/v1/invitations', { role });
      setSecret(made.text);
      setError(null);
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  return (
    <form className="form" onSubmit={submit}>
      <label>
        {say('role')}
        <select name="role">
          <option value="viewer">{say('viewer')}</option>
          <option value="operator">{say('operator')}</option>
          <option value="admin">{say('admin')}</option>
        </select>
      </label>
      <button type="submit">{say('invite')}</button>
      {secret === null ? null : (
        <p role="status">
          {say('inviteLink')}{' '}
          <code className="secret">{`${location.origin}/accept#${secret}`}</code>
        </p>
      )}
      {error === null ? null : (
        <p role="alert" className="alert">
          {say('failed', { why: error })}
        </p>
      )}
    </form>
  );
}
