/**
 * Who is logged in. The tokens are cookies that no script can read; the access token runs out after
 * minutes and is then had again with the refresh token, which serves once.
 */
export interface Person {
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
}

export interface Session {
  /** Null: nobody is logged in. */
  readonly person: Person | null;
  /** False: it is still being asked. */
  readonly known: boolean;
  /** There is no administrator yet. */
  readonly setup: boolean;
  /** Whoever gets here may make an account. */
  readonly register: boolean;
}

let session: Session = { person: null, known: false, setup: false, register: false };
let refreshing: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

export function currentSession(): Session {
  return session;
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function begin(person: Person): void {
  change({ ...session, person, known: true });
}

export function end(): void {
  change({ ...session, person: null, known: true });
}

export async function findOut(): Promise<void> {
  const first = await ask();
  const found = first.person === null && (await refresh()) ? await ask() : first;
  change({ ...found, known: true });
}

/** One at a time, as a refresh token serves once. False: it serves no more. Another tab that did it
 * just now (409) did it for us too. */
export function refresh(): Promise<boolean> {
  refreshing ??= fetch('/api/v1/auth/refresh', { method: 'POST' })
    .then(({ ok, status }) => {
      if (status === 401) end();
      return ok || status === 409;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

async function ask(): Promise<Omit<Session, 'known'>> {
  const answer = await fetch('/api/v1/auth');
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return (await answer.json()) as Omit<Session, 'known'>;
}

function change(to: Session): void {
  session = to;
  for (const listener of listeners) listener();
}
