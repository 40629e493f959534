/** Who asks. */
import type { Person } from './people.ts';
import type { RoleName } from './roles.ts';

export interface Caller {
  readonly person: Person;
  /** Null: for metrics only. */
  readonly role: RoleName | null;
  /** Of a person; null: a program with an API token. */
  readonly session: string | null;
  /** For the event log. */
  readonly by: string;
}
