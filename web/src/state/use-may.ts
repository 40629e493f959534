/** Whether the person has a role, so that what would be refused isn't offered. */
import { useSyncExternalStore } from 'react';
import { currentSession, onSession, type Person } from '../api/session.ts';

const ranks: Readonly<Record<Person['role'], number>> = { viewer: 0, operator: 1, admin: 2 };

export function useSession() {
  return useSyncExternalStore(onSession, currentSession);
}

export function useMay(role: Person['role']): boolean {
  const { person } = useSession();
  return person !== null && ranks[person.role] >= ranks[role];
}
