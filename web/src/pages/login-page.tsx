/** Log in; or, with the secret of a link, become the first administrator or accept an invitation. */
import { type FormEvent, useState } from 'react';
import { act } from '../api/request.ts';
import { begin, type Person } from '../api/session.ts';
import { usePasswordWhy } from '../parts/failure.tsx';
import { Link } from '../parts/link.tsx';
import { useSession } from '../state/use-may.ts';
import { useSay } from '../words/words.ts';

/** As the API has it. */
const passwordCharsMin = 10;

interface Grant {
  readonly person: Person;
}

export interface Invitation {
  readonly kind: 'setup' | 'accept' | 'register';
  readonly secret: string;
}

export function LoginPage({ invitation }: { readonly invitation: Invitation | null }) {
  const say = useSay();
  const why = usePasswordWhy();
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const body = { name: form.get('name'), password: form.get('password') };
    setBusy(true);
    try {
      const { person } = await enter(invitation, body);
      history.replaceState(null, '', '/');
      dispatchEvent(new PopStateEvent('popstate'));
      begin(person);
    } catch (failure) {
      setError(why(failure));
      setBusy(false);
    }
  };
  const title = invitation === null ? 'login' : titles[invitation.kind];
  return (
    <main className="login" id="content">
      <form onSubmit={submit}>
        <img src="/daruma.svg" alt="" width="64" height="64" />
        <h1>{say(title)}</h1>
        <label>
          {say('name')}
          <input name="name" autoComplete="username" required maxLength={64} />
        </label>
        <label>
          {say('password')}
          <input
            name="password"
            type="password"
            autoComplete={invitation === null ? 'current-password' : 'new-password'}
            minLength={invitation === null ? 1 : passwordCharsMin}
            required
          />
        </label>
        {error === null ? null : (
          <p role="alert" className="alert">
            {say('failed', { why: error })}
          </p>
        )}
        {invitation === null ? <Hints /> : null}
        <button type="submit" className="main" disabled={busy}>
          {say(invitation === null ? 'login' : 'create')}
        </button>
      </form>
    </main>
  );
}

function Hints() {
  const say = useSay();
  const { setup, register } = useSession();
  return (
    <>
      {setup ? <p className="hint">{say('setupHint')}</p> : null}
      {register ? <Link to="/register">{say('register')}</Link> : null}
    </>
  );
}

const titles = { setup: 'firstAdmin', accept: 'invited', register: 'register' } as const;

function enter(invitation: Invitation | null, body: object): Promise<Grant> {
  if (invitation === null) return act<Grant>('POST', '/api/v1/auth/login', body);
  const { kind, secret } = invitation;
  const proof = { setup: { secret }, accept: { invitation: secret }, register: {} }[kind];
  return act<Grant>('POST', `/api/v1/auth/${kind}`, { ...body, ...proof });
}
