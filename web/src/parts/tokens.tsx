/** API tokens: made for programs, shown once. */
import { useContext } from 'react';
import { useItems } from '../state/use-items.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';
import { ItemList } from './item-list.tsx';
import { SecretForm } from './secret-form.tsx';

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
  const list = useItems<TokenView>('/api/v1/tokens');
  return (
    <section>
      <h2>{say('tokens')}</h2>
      <ItemList
        list={list}
        row={(token) => <TokenRow key={token.id} token={token} then={list.again} />}
      />
      <NewToken then={list.again} />
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
  return (
    <SecretForm
      path="/api/v1/tokens"
      bodyOf={(fields) => ({
        label: fields.get('label'),
        scope: fields.get('scope'),
        days: Number(fields.get('days')),
      })}
      button="newToken"
      told="tokenOnce"
      then={then}
    >
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
    </SecretForm>
  );
}
