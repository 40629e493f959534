/** Who may come in, and as what; for administrators. */
import { useState } from 'react';
import type { Person } from '../api/session.ts';
import { useItems } from '../state/use-items.ts';
import { useSession } from '../state/use-may.ts';
import { useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';
import { Invitations } from './invitations.tsx';
import { ItemList } from './item-list.tsx';
import { RoleSelect } from './role-select.tsx';

export function People() {
  const say = useSay();
  const list = useItems<Listed>('/api/v1/people');
  return (
    <section>
      <h2>{say('people')}</h2>
      <ItemList
        list={list}
        row={(person) => <Row key={person.name} person={person} then={list.again} />}
      />
      <Invitations />
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
