/** Invitations that nobody has accepted yet, and new ones; for administrators. */
import { useContext, useState } from 'react';
import type { Person } from '../api/session.ts';
import { useItems } from '../state/use-items.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';
import { ItemList } from './item-list.tsx';
import { RoleSelect } from './role-select.tsx';
import { SecretForm } from './secret-form.tsx';

interface Invitation {
  readonly id: string;
  readonly role: Person['role'];
  readonly by: string;
  readonly expires: number;
}

export function Invitations() {
  const list = useItems<Invitation>('/api/v1/invitations');
  return (
    <>
      <ItemList
        list={list}
        row={(one) => <Pending key={one.id} invitation={one} then={list.again} />}
      />
      <Invite then={list.again} />
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
  return (
    <SecretForm
      path="/api/v1/invitations"
      bodyOf={() => ({ role })}
      button="invite"
      told="inviteLink"
      shown={(secret) => `${location.origin}/accept#${secret}`}
      then={then}
    >
      <label htmlFor="invited-role">
        {say('role')}
        <RoleSelect id="invited-role" label={say('role')} role={role} onRole={setRole} />
      </label>
    </SecretForm>
  );
}
