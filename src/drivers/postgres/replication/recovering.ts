/** A server that is only starting up is waited for, as long as there is time. */
import { type Client, DatabaseError } from 'pg';
import { type Target, withConnection } from '../connection.ts';
import { poll } from './poll.ts';

const everyMs = 20;

/** As `withConnection`, but a server that says that it is starting up is asked again. */
export async function withRecovering<T>(
  what: string,
  target: Target,
  timeoutMs: number,
  work: (client: Client, leftMs: number) => Promise<T>,
): Promise<T> {
  const { value } = await poll(what, { timeoutMs, everyMs }, async (leftMs) => {
    try {
      return { value: await withConnection(target, leftMs, (client) => work(client, leftMs)) };
    } catch (error) {
      if (error instanceof DatabaseError && error.code === '57P03') return null;
      throw error;
    }
  });
  return value;
}
