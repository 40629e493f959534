/** Invitations that nobody has accepted yet, and new ones; for administrators. */
import { type FormEvent, useContext, useState } from 'react';
import { act } from '../api/request.ts';
import type { Person } from '../api/session.ts';
import { useRead } from '../state/use-read.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';
import { RoleSelect } from './role-select.tsx';

interface Invitation {
  readonly id: string;
  readonly role: Person['role'];
  readonly by: string;
  readonly expires: number;
}

export function Invitations() {
  const [version, setVersion] = useState(0);
  const { value } = useRead<{ items: Invitation[] }>('/api/v1/invitations', version);
  const changed = () => setVersion(version + 1);
  return (
    <>
      <ul className="rows">
        {(value?.items ?? []).map((one) => (
          <Pending key={one.id} invitation={one} then={changed} />
        ))}
      </ul>
      <Invite then={changed} />
    </>
  );
}

function Pending(props: { readonly invitation: Invitation; readonly then: () => void }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const { id, role, by, expires } = props.invitation;
  return (
    <li>
      <span>{say('invitedBy', { who: by, role: say(role) })}</span>
      <span className="hint">
        {say('expires')} {moment(expires, language)}
      </span>
      <DeedButton
        deed={{
          label: 'revoke',
          sentence: say('sureRevokeInvitation'),
          method: 'DELETE',
          path: `/api/v1/invitations/${encodeURIComponent(id)}`,
        }}
        then={props.then}
      />
    </li>
  );
}

function Invite({ then }: { readonly then: () => void }) {
  const say = useSay();
  const [role, setRole] = useState<Person['role']>('viewer');
  const [secret, setSecret] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    try {
      const made = await act<{ text: string }>('POST', '/api/v1/invitations', { role });
      setSecret(made.text);
      setError(null);
      then();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  return (
    <form className="form" onSubmit={submit}>
      <label htmlFor="invited-role">
        {say('role')}
        <RoleSelect id="invited-role" label={say('role')} role={role} onRole={setRole} />
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
