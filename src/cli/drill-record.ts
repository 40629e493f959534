/**
 * Each drill is written down where the console finds it.
 *
 * 1. What can't be written down is done all the same, and told once.
 * 2. Of a drill that the API runs by us, the API keeps the account.
 */
import { errorInfo } from '../model/errors.ts';
import { layout } from '../model/layout.ts';
import type { EndDrill } from '../server/api/local-drills.ts';
import type { Session } from './session.ts';

export interface Recorded {
  readonly fault: string;
  /** An instance, a service, or `controller`. */
  readonly target: string;
}

/** `drill`'s own result or error, once it is written down; the result as `shown` has it. */
export async function recorded<T>(
  session: Session,
  what: Recorded,
  drill: () => Promise<T>,
  shown: (result: T) => unknown = (result) => result,
): Promise<T> {
  const end = session.isForApi ? null : await begun(session, what);
  try {
    const result = await drill();
    write(session, end, JSON.stringify(shown(result)));
    return result;
  } catch (error) {
    write(session, end, errorInfo(error).message);
    throw error;
  }
}

async function begun(session: Session, what: Recorded): Promise<EndDrill | null> {
  const { beginLocalDrill } = await import('../server/api/local-drills.ts');
  try {
    return beginLocalDrill(layout(session.stateDir), { ...what, by: session.user });
  } catch (error) {
    warn(session, error);
    return null;
  }
}

function write(session: Session, end: EndDrill | null, text: string): void {
  try {
    end?.(text);
  } catch (error) {
    warn(session, error);
  }
}

function warn(session: Session, error: unknown): void {
  session.warn(`this drill can't be written down: ${errorInfo(error).message}`);
}
