/**
 * The records of PostgreSQL's write-ahead log, taken out of the pages of its segments. Pure. The
 * format is that of access/xlog_internal.h and access/xlogrecord.h, the same since version 10.
 *
 *     page    header (24 bytes, the first of a segment 40), then records, each begun at a multiple
 *             of 8; one that doesn't fit goes on behind the header of the next page
 *     record  length 4, transaction 4, place of the one before 8, info 1, manager 1, 2, CRC 4
 *
 * 1. A page is taken for what its own header says of its place: what a segment that is used again
 *    holds of before ends the log.
 * 2. A record that doesn't name the one before it as that ends the log too.
 */
const pageBytes = 8_192;
const pageHeader = { bytes: 24, longBytes: 40, infoAt: 2, placeAt: 8, remainingAt: 16 };
const flags = { goesOn: 1, long: 2 };
const recordHeader = { bytes: 24, xidAt: 4, beforeAt: 8, infoAt: 16, managerAt: 17 };

export interface WrittenRecord {
  /** Where it begins. */
  readonly lsn: bigint;
  readonly xid: number;
  readonly info: number;
  /** Resource manager, such as 1: transactions. */
  readonly manager: number;
  /** What follows the header. */
  readonly body: Buffer;
}

interface Begun {
  readonly lsn: bigint;
  readonly chunks: Buffer[];
  missing: number;
}

export class LogRecords {
  #begun: Begun | null = null;
  /** The page that must come next for a record to go on. */
  #next: bigint | null = null;
  #before: bigint | null = null;

  /** All records that end in a segment, which begins at `place`; segments come in their order, and
   * where one is missing it is begun anew. */
  *of(segment: Buffer, place: bigint): Generator<WrittenRecord> {
    if (this.#next !== place) this.#forget();
    for (let at = 0; at + pageBytes <= segment.length; at += pageBytes) {
      const lsn = place + BigInt(at);
      const page = segment.subarray(at, at + pageBytes);
      if (page.readBigUInt64LE(pageHeader.placeAt) !== lsn) return this.#forget();
      this.#next = lsn + BigInt(pageBytes);
      const more = yield* this.#page(page, lsn);
      // The rest of the segment is empty.
      if (!more) break;
    }
    this.#next = place + BigInt(segment.length);
  }

  #forget(): void {
    this.#begun = null;
    this.#before = null;
    this.#next = null;
  }

  /** False: there is no more behind it in this segment. */
  *#page(page: Buffer, lsn: bigint): Generator<WrittenRecord, boolean> {
    const info = page.readUInt16LE(pageHeader.infoAt);
    let at = (info & flags.long) === 0 ? pageHeader.bytes : pageHeader.longBytes;
    if ((info & flags.goesOn) === 0) this.#begun = null;
    else if (this.#begun === null) at += padded(page.readUInt32LE(pageHeader.remainingAt));
    for (;;) {
      if (this.#begun === null) {
        if (at >= pageBytes) return true;
        const missing = page.readUInt32LE(at);
        if (missing < recordHeader.bytes) return false;
        this.#begun = { lsn: lsn + BigInt(at), chunks: [], missing };
      }
      const { chunks, missing } = this.#begun;
      const chunk = page.subarray(at, Math.min(at + missing, pageBytes));
      chunks.push(chunk);
      this.#begun.missing -= chunk.length;
      at += padded(chunk.length);
      if (this.#begun.missing > 0) return true;
      const record = this.#ended(this.#begun);
      this.#begun = null;
      if (record === null) {
        this.#forget();
        return false;
      }
      yield record;
    }
  }

  /** Null: it is none of this log. */
  #ended({ lsn, chunks }: Begun): WrittenRecord | null {
    const bytes = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks);
    const before = bytes.readBigUInt64LE(recordHeader.beforeAt);
    if (this.#before !== null && before !== this.#before) return null;
    this.#before = lsn;
    return {
      lsn,
      xid: bytes.readUInt32LE(recordHeader.xidAt),
      info: bytes.readUInt8(recordHeader.infoAt),
      manager: bytes.readUInt8(recordHeader.managerAt),
      body: bytes.subarray(recordHeader.bytes),
    };
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
