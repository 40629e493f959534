/** API tokens: made for programs, shown once. */
import { type FormEvent, useContext, useState } from 'react';
import { act } from '../api/request.ts';
import { useRead } from '../state/use-read.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';

interface TokenView {
  readonly id: string;
  readonly owner: string;
  readonly label: string;
  readonly scope: string;
  readonly expires: number;
  readonly used: number | null;
}

export function Tokens() {
  const say = useSay();
  const [version, setVersion] = useState(0);
  const { value } = useRead<{ items: TokenView[] }>('/api/v1/tokens', version);
  const changed = () => setVersion(version + 1);
  return (
    <section>
      <h2>{say('tokens')}</h2>
      <ul className="rows">
        {(value?.items ?? []).map((token) => (
          <TokenRow key={token.id} token={token} then={changed} />
        ))}
      </ul>
      <NewToken then={changed} />
    </section>
  );
}

function TokenRow({ token, then }: { readonly token: TokenView; readonly then: () => void }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const { expires, used } = token;
  return (
    <li>
      <strong>{token.label}</strong>
      <span>
        {token.scope} · {token.owner}
      </span>
      <span className="hint">
        {say('expires')} {moment(expires, language)}
        {used === null ? '' : ` · ${say('lastUsed')} ${moment(used, language)}`}
      </span>
      <DeedButton
        deed={{
          label: 'revoke',
          sentence: say('sureRevokeToken', { what: token.label }),
          method: 'DELETE',
          path: `/api/v1/tokens/${encodeURIComponent(token.id)}`,
        }}
        then={then}
      />
    </li>
  );
}

function NewToken({ then }: { readonly then: () => void }) {
  const say = useSay();
  const [made, setMade] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const body = {
      label: fields.get('label'),
      scope: fields.get('scope'),
      days: Number(fields.get('days')),
    };
    try {
      const { text } = await act<{ text: string }>('POST', '/api/v1/tokens', body);
      setMade(text);
      setError(null);
      then();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  return (
    <form className="form" onSubmit={submit}>
      <label>
        {say('name')}
        <input name="label" required maxLength={100} />
      </label>
      <label>
        {say('role')}
        <select name="scope">
          <option value="read">{say('viewer')}</option>
          <option value="operate">{say('operator')}</option>
          <option value="admin">{say('admin')}</option>
          <option value="metrics">/metrics</option>
        </select>
      </label>
      <label>
        {say('expires')}
        <select name="days" defaultValue="30">
          <option value="1">{say('day')}</option>
          <option value="7">{say('week')}</option>
          <option value="30">{say('month')}</option>
        </select>
      </label>
      <button type="submit">{say('newToken')}</button>
      {made === null ? null : (
        <p role="status">
          {say('tokenOnce')} <code className="secret">{made}</code>
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
