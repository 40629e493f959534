/**
 * What PostgreSQL keeps of a cluster in `global/pg_control`, read without a server. The layout is
 * `ControlFileData` in PostgreSQL's `src/include/catalog/pg_control.h`, the same from version 13
 * to 18 as far as it is read here.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';

export interface ControlFile {
  readonly systemId: string;
  /** It was in recovery when it ended, in order or not: a standby. */
  readonly inRecovery: boolean;
  /** As a primary, or a standby. */
  readonly endedInOrder: boolean;
  /** Of the last checkpoint. */
  readonly timeline: number;
  /** Each page has one. */
  readonly checksums: boolean;
  /** Where the record of the last checkpoint begins in the log. */
  readonly checkpoint: bigint;
}

const knownVersions = [1300, 1700, 1800];
/** DB_SHUTDOWNED_IN_RECOVERY and DB_IN_ARCHIVE_RECOVERY. */
const recoveryStates = [2, 5];
/** DB_SHUTDOWNED and DB_SHUTDOWNED_IN_RECOVERY. */
const orderlyStates = [1, 2];

/** Null: of a version that isn't known. */
export async function readControl(data: string): Promise<ControlFile | null> {
  const bytes = await controlBytes(data);
  if (!knownVersions.includes(bytes.readUInt32LE(8))) return null;
  return {
    systemId: bytes.readBigUInt64LE(0).toString(),
    inRecovery: recoveryStates.includes(bytes.readUInt32LE(16)),
    endedInOrder: orderlyStates.includes(bytes.readUInt32LE(16)),
    timeline: bytes.readUInt32LE(48),
    checkpoint: bytes.readBigUInt64LE(32),
    checksums: bytes.readUInt32LE(252) !== 0,
  };
}

/** The whole file. A server writes it in place: what two readings agree on is not half written. */
export async function controlBytes(data: string): Promise<Buffer> {
  await using file = await open(join(data, 'global', 'pg_control'), 'r');
  let before: Buffer | null = null;
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, 0);
    const now = buffer.subarray(0, bytesRead);
    if (before?.equals(now)) return now;
    before = now;
  }
}
