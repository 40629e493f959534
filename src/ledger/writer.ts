/** One client of the ledger: writes fact after fact until it is told to stop. */
import { setTimeout as pause } from 'node:timers/promises';
import { Connection, type LedgerTarget } from './connection.ts';
import type { Fact } from './fact.ts';
import { insertFact, type Taken } from './table.ts';

export interface WriterOptions {
  readonly target: LedgerTarget;
  readonly table: string;
  readonly client: number;
  /** Between two facts; 0: at once. */
  readonly everyMs: number;
  /** One of so many facts is given up after a few milliseconds, as a client may; 0: none. */
  readonly impatientOneIn: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Milliseconds since the ledger began. */
  readonly now: () => number;
  readonly onFact: (fact: Fact) => void;
}

/** Longer than any failover; after it, the fate of the fact is unknown. */
const patienceMs = 30_000;
const impatienceMs = 3;
const reconnectMs = 20;
const endMs = 2_000;

export async function write(options: WriterOptions, stop: AbortSignal): Promise<void> {
  let connection: Connection | null = null;
  let number = 0;
  // What is under way may end by itself; what hangs may not.
  stop.addEventListener('abort', () => setTimeout(() => connection?.close(), endMs).unref());
  while (!stop.aborted) {
    if (connection?.isOpen !== true) {
      connection = await connected(options, stop);
      continue;
    }
    number += 1;
    await writeOne(options, connection, number);
    if (options.everyMs > 0) await pause(options.everyMs);
  }
  connection?.close();
}

/** Null: it failed, or the ledger ended. */
async function connected({ target }: WriterOptions, stop: AbortSignal): Promise<Connection | null> {
  try {
    const connection = await Connection.open(target, patienceMs);
    if (!stop.aborted) return connection;
    connection.close();
  } catch {
    // Refused or cut while nobody serves: that is what the ledger is there to sit through.
    await pause(reconnectMs);
  }
  return null;
}

async function writeOne(
  options: WriterOptions,
  connection: Connection,
  number: number,
): Promise<void> {
  const { table, client, impatientOneIn, random, now } = options;
  const impatient = impatientOneIn > 0 && random() * impatientOneIn < 1;
  const timeoutMs = impatient ? impatienceMs * random() : patienceMs;
  const sentAt = now();
  const note = (outcome: Fact['outcome'], by: string | null, error: string | null) =>
    options.onFact({ client, number, outcome, sentAt, answeredAt: now(), by, error });
  try {
    const insert = insertFact(table);
    const answer = await connection.query<Taken>(insert, [client, number], timeoutMs);
    const [warning = null] = answer.warnings;
    const by = answer.rows[0]?.by ?? null;
    note(warning === null ? 'acknowledged' : 'unknown', by, warning);
  } catch (error) {
    note('unknown', null, error instanceof Error ? error.message : String(error));
  }
}
