/** Accounts for the owner of the state directory, who needs no login and no running stack. */
import { mkdirSync } from 'node:fs';
import type { Layout } from '../../model/layout.ts';
import { AccountsDb } from './accounts-db.ts';
import { Invitations } from './invitations.ts';
import { password } from './passwords.ts';
import { People } from './people.ts';
import { personName, role } from './roles.ts';

export interface LocalAccounts {
  readonly people: People;
  readonly invitations: Invitations;
  close(): void;
}

/** Throws STORE_FAILED, STORE_TOO_NEW. */
export function openLocalAccounts(layout: Layout): LocalAccounts {
  mkdirSync(layout.stateDir, { recursive: true, mode: 0o700 });
  const db = new AccountsDb(layout.accountsDatabase);
  const people = new People(db);
  return { people, invitations: new Invitations(db, people), close: () => db.close() };
}

/** What is typed, as the API would take it. */
export const accountFields = { name: personName, password, role };
