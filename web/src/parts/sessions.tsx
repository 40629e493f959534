/** Where a person is logged in. */
import { useContext, useState } from 'react';
import { useRead } from '../state/use-read.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';

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
  const [version, setVersion] = useState(0);
  const { value } = useRead<{ items: SessionView[] }>('/api/v1/sessions', version);
  return (
    <section>
      <h2>{say('sessions')}</h2>
      <ul className="rows">
        {(value?.items ?? []).map((one) => (
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
                then={() => setVersion(version + 1)}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
