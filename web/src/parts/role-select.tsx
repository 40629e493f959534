import type { Person } from '../api/session.ts';
import { useSay } from '../words/words.ts';

const roles = ['viewer', 'operator', 'admin'] as const;

export function RoleSelect(props: {
  readonly id?: string;
  readonly label: string;
  readonly role: Person['role'];
  readonly onRole: (role: Person['role']) => void;
}) {
  const say = useSay();
  return (
    <select
      id={props.id}
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
