/**
 * What was dropped, by the log: each commit names the files that go with it. Each is a table or an
 * index that was dropped, or its content before it was emptied or written anew (`TRUNCATE`,
 * `VACUUM FULL`, …): then the transaction has made files too. Of a database that is dropped a
 * record of its own tells. The log knows no names: those went with the table.
 *
 * The formats are those of access/xact.h and commands/dbcommands_xlog.h, PostgreSQL 13 to 18.
 */
import type { Dropped } from '../../../ports/data-driver.ts';
import type { WrittenRecord } from './log-records.ts';

const managers = { transaction: 1, storage: 2, database: 4 };
const transaction = { kinds: 0x70, commit: 0x00, commitPrepared: 0x30, abort: 0x20, hasMore: 0x80 };
const more = { database: 1, subtransactions: 2, files: 4 };
const storageCreate = 0x10;
const fileBytes = 12;
/** From 1970 to 2000. */
const epochMs = 946_684_800_000;

/** The database by its number. */
export type DroppedByNumber = Omit<Dropped, 'database'> & { readonly database: number };

/** Of a stream of records in their order. */
export class DroppedFiles {
  /** Major version of the server. */
  readonly #version: number;
  /** How many files transactions have made that are not over. */
  readonly #made = new Map<number, number>();
  #at: number | null = null;

  constructor(version: number) {
    this.#version = version;
  }

  /** Null: it drops nothing. */
  hear(record: WrittenRecord): DroppedByNumber | null {
    const { manager, info, xid } = record;
    if (manager === managers.storage && (info & 0xf0) === storageCreate)
      this.#made.set(xid, (this.#made.get(xid) ?? 0) + 1);
    if (manager === managers.database) return this.#database(record);
    return manager === managers.transaction ? this.#commit(record) : null;
  }

  #database({ info, lsn, body }: WrittenRecord): DroppedByNumber | null {
    if ((info & 0xf0) !== (this.#version >= 15 ? 0x20 : 0x10)) return null;
    const database = mainData(body).readUInt32LE(0);
    return { lsn: lsnText(lsn), at: this.#at, database, files: null, made: 0 };
  }

  #commit({ info, xid, lsn, body }: WrittenRecord): DroppedByNumber | null {
    const kind = info & transaction.kinds;
    if (kind === transaction.abort) this.#made.delete(xid);
    if (kind !== transaction.commit && kind !== transaction.commitPrepared) return null;
    const data = mainData(body);
    this.#at = epochMs + Number(data.readBigInt64LE(0) / 1_000n);
    if ((info & transaction.hasMore) === 0) {
      this.#made.delete(xid);
      return null;
    }
    const { files, subtransactions } = commitFacts(data);
    const made = this.#takeMade([xid, ...subtransactions]);
    if (files.length === 0) return null;
    const database = files[0]?.database ?? 0;
    return { lsn: lsnText(lsn), at: this.#at, database, files: files.length, made };
  }

  #takeMade(transactions: readonly number[]): number {
    let made = 0;
    for (const xid of transactions) {
      made += this.#made.get(xid) ?? 0;
      this.#made.delete(xid);
    }
    return made;
  }
}

interface CommitFacts {
  readonly subtransactions: readonly number[];
  readonly files: readonly { readonly database: number }[];
}

/** Parts that are not there take no room. */
function commitFacts(data: Buffer): CommitFacts {
  const parts = data.readUInt32LE(8);
  let at = 12;
  if ((parts & more.database) !== 0) at += 8;
  const subtransactions: number[] = [];
  if ((parts & more.subtransactions) !== 0) {
    const count = data.readUInt32LE(at);
    at += 4;
    for (let end = at + count * 4; at < end; at += 4) subtransactions.push(data.readUInt32LE(at));
  }
  const files: { database: number }[] = [];
  if ((parts & more.files) !== 0) {
    const count = data.readUInt32LE(at);
    at += 4;
    for (let end = at + count * fileBytes; at < end; at += fileBytes)
      files.push({ database: data.readUInt32LE(at + 4) });
  }
  return { subtransactions, files };
}

const blocks = { short: 255, long: 254, origin: 253, topTransaction: 252 };

/** Of a record without blocks: behind what tells of its length, and of where it comes from. */
function mainData(body: Buffer): Buffer {
  for (let at = 0; at < body.length; ) {
    const id = body.readUInt8(at);
    if (id === blocks.short) return body.subarray(at + 2);
    if (id === blocks.long) return body.subarray(at + 5);
    if (id === blocks.origin) at += 3;
    else if (id === blocks.topTransaction) at += 5;
    else break;
  }
  throw new Error('a record of the log has no data of its own');
}

function lsnText(lsn: bigint): string {
  const hex = (part: bigint) => part.toString(16).toUpperCase();
  return `${hex(lsn >> 32n)}/${hex(lsn & 0xffff_ffffn)}`;
}
