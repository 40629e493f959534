/**
 * The log of a cluster that is on this machine only: in spools, not stored yet, and in the data
 * itself, alive or not, with what was acknowledged last.
 */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorInfo } from '../../../model/errors.ts';
import type { PostgresPointFacts } from '../../../model/recovery-point.ts';
import { unlessGone } from '../base-files.ts';
import { systemIdOf } from '../cluster.ts';
import { spoolsOf } from './keep-log.ts';
import { beginOf, type LogFile, readSegmentName, timelineOfHistory } from './log-names.ts';
import { segmentBytesOf, startOf } from './reach.ts';
import type { Server, Servers } from './servers.ts';

export interface LocalFile {
  readonly path: string;
  /** Nobody writes into it any more. */
  readonly final: boolean;
  readonly file: LogFile;
}

/** By name; what is final comes before what may still be written, the primary's before others'. */
export async function localLog(
  servers: Servers,
  facts: PostgresPointFacts,
): Promise<ReadonlyMap<string, LocalFile>> {
  const all = await servers.all();
  const spools = (await spoolsOf(all)).filter(({ systemId }) => systemId === facts.systemId);
  const primaryFirst = all.toSorted((a, b) => rank(a, servers) - rank(b, servers));
  const found = new Map<string, LocalFile>();
  for (const { place } of primaryFirst) {
    try {
      if ((await systemIdOf(place.data)) !== facts.systemId) continue;
      await add(found, join(place.data, 'pg_wal'), facts, false);
    } catch (error) {
      servers.scene.progress(`no log is had from ${place.data}: ${errorInfo(error).message}`);
    }
  }
  // After the data: what has left that since, is here.
  for (const { directory } of spools) await add(found, directory, facts, true);
  return found;
}

function rank({ instance }: Server, { scene }: Servers): number {
  return instance === scene.primary ? 0 : 1;
}

async function add(
  found: Map<string, LocalFile>,
  directory: string,
  facts: PostgresPointFacts,
  final: boolean,
): Promise<void> {
  const bytes = segmentBytesOf(facts);
  for (const name of await readdir(directory)) {
    const before = found.get(name);
    if (before !== undefined && (before.final || !final)) continue;
    const path = join(directory, name);
    const segment = readSegmentName(name, bytes);
    const isHistory = timelineOfHistory(name) !== null;
    if (!isHistory && (segment === null || segment.number < startOf(facts))) continue;
    const about = await unlessGone(stat(path));
    if (about === null) continue;
    if (segment !== null && about.size !== bytes) continue;
    // One that is made for later use has another's content.
    if (segment !== null && !(await begins(path, segment.number * BigInt(bytes)))) continue;
    const began = isHistory ? beginOf(await readFile(path, 'utf8')) : null;
    const writtenAt = Math.floor(about.mtimeMs);
    const { systemId } = facts;
    found.set(name, {
      ...{ path, final: final || isHistory },
      file: { key: '', systemId, name, writtenAt, digest: '', began },
    });
  }
}

/** The first page of a segment says where in the log it is. */
async function begins(path: string, position: bigint): Promise<boolean> {
  const handle = await unlessGone(open(path, 'r'));
  if (handle === null) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return bytesRead === 16 && buffer.readBigUInt64LE(8) === position;
  } finally {
    await handle.close();
  }
}
