/** Where a person is logged in. */
import { useContext } from 'react';
import { useItems } from '../state/use-items.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';
import { ItemList } from './item-list.tsx';

interface SessionView {
  readonly id: string;
  readonly seen: number;
  readonly address: string;
  readonly agent: string;
  readonly current: boolean;
}

export function Sessions() {
  const say = useSay();
  const { language } = useContext(Speech);
  const list = useItems<SessionView>('/api/v1/sessions');
  return (
    <section>
      <h2>{say('sessions')}</h2>
      <ItemList
        list={list}
        row={(one) => (
          <li key={one.id}>
            <span>
              {one.address} · {one.agent}
            </span>
            <span className="hint">
              {say('lastUsed')} {moment(one.seen, language)}
            </span>
            {one.current ? (
              <span>{say('thisSession')}</span>
            ) : (
              <DeedButton
                deed={{
                  label: 'revoke',
                  sentence: say('sureRevokeSession', { where: `${one.address} · ${one.agent}` }),
                  method: 'DELETE',
                  path: `/api/v1/sessions/${encodeURIComponent(one.id)}`,
                }}
                then={list.again}
              />
            )}
          </li>
        )}
      />
    </section>
  );
}
