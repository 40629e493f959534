/** Who may come in, and as what; for administrators. */
import { type FormEvent, useState } from 'react';
import { act } from '../api/request.ts';
import type { Person } from '../api/session.ts';
import { useSession } from '../state/use-may.ts';
import { useRead } from '../state/use-read.ts';
import { useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';

const roles = ['viewer', 'operator', 'admin'] as const;

export function People() {
  const say = useSay();
  const [version, setVersion] = useState(0);
  const { value } = useRead<{ items: Listed[] }>('/api/v1/people', version);
  const again = () => setVersion(version + 1);
  return (
    <section>
      <h2>{say('people')}</h2>
      <ul className="rows">
        {(value?.items ?? []).map((person) => (
          <Row key={person.name} person={person} then={again} />
        ))}
      </ul>
      <Invite />
    </section>
  );
}

interface Listed extends Person {
  readonly disabled: boolean;
}

/** Nobody changes his own account here: who did would lock himself out. */
function Row({ person, then }: { readonly person: Listed; readonly then: () => void }) {
  const say = useSay();
  const { person: own } = useSession();
  const { name, role, disabled } = person;
  const [to, setTo] = useState(role);
  const path = `/api/v1/people/${encodeURIComponent(name)}`;
  const isOwn = own?.name === name;
  return (
    <li>
      <strong>{name}</strong>
      {isOwn ? (
        <span>
          {say(role)} <span className="hint">{say('thisIsYou')}</span>
        </span>
      ) : (
        <>
          <RoleSelect label={say('roleOf', { who: name })} role={to} onRole={setTo} />
          {to === role ? null : (
            <DeedButton
              deed={{
                label: 'changeRole',
                sentence: say('sureRole', { who: name, from: say(role), to: say(to) }),
                method: 'PATCH',
                path,
                body: { role: to },
              }}
              then={then}
            />
          )}
          <DeedButton
            deed={{
              label: 'remove',
              sentence: say('sureRemove', { who: name }),
              method: 'DELETE',
              path,
              tone: 'danger',
            }}
            then={then}
          />
        </>
      )}
      {disabled ? <span className="hint">{say('accountClosed')}</span> : null}
    </li>
  );
}

function RoleSelect(props: {
  readonly label: string;
  readonly role: Person['role'];
  readonly onRole: (role: Person['role']) => void;
}) {
  const say = useSay();
  return (
    <select
      aria-label={props.label}
      value={props.role}
      onChange={(event) => props.onRole(event.target.value as Person['role'])}
    >
      {roles.map((one) => (
        <option key={one} value={one}>
          {say(one)}
        </option>
      ))}
    </select>
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
          {roles.map((one) => (
            <option key={one} value={one}>
              {say(one)}
            </option>
          ))}
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
