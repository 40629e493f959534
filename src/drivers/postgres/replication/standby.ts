/**
 * Makes an instance's data that of a standby, before its server is started.
 *
 * 1. It bears the mark before anything else is done: whatever happens then, it writes nothing.
 * 2. Data with writes of its own, or of another origin, is never served (F5): it is brought back by
 *    `pg_rewind` where that is there and applies, else it is copied anew.
 * 3. The primary keeps its log for the standby from before a copy begins.
 * 4. Data that is as it should be is started also while the primary is down; any data, with the
 *    mark, when nothing is left of the primary to compare it with, so that it can be asked how far
 *    it reaches.
 * 5. Damaged data, as its order says, is copied anew, whatever it has in common with the primary's.
 */
import { readdir, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DarumaError, errorInfo } from '../../../model/errors.ts';
import type { Binaries } from '../binaries.ts';
import { makeDirectory, makeWhole, textOf } from '../cluster.ts';
import { ask, type Target } from '../connection.ts';
import type { Place } from '../place.ts';
import { copyByFiles, syncTree } from './copy.ts';
import { type Lineage, lineageOf } from './lineage.ts';
import { layMark } from './mark.ts';
import { configureStandby, type Member, primaryTarget } from './member.ts';
import { slotName } from './names.ts';
import { clearSystemSettings, removeSlots } from './own-files.ts';
import { copyByProgram, programsBeside, rewind } from './programs.ts';
import { CopyProgress } from './progress.ts';
import { refuseLostSlot, reserveSlot } from './slots.ts';

const askMs = 5_000;
/** For log that comes while it is copied. */
const spareBytes = 256 * 1024 * 1024;

export interface StandbyWork {
  readonly member: Member;
  readonly binaries: Binaries;
  readonly primaryPlace: Place;
  /** It has been something before. */
  readonly hasData: boolean;
}

/** Rejects with START_FAILED, which may pass, when its data can only be had from a primary that
 * isn't there. */
export async function prepareStandby(work: StandbyWork): Promise<void> {
  const { member } = work;
  const { place } = member;
  if (work.hasData) {
    await layMark(place.data, place.account);
    await removeSlots(place.data);
    if (member.order.fresh === true) await atThePrimary(work, (primary) => copy(work, primary));
    else await asThePrimary(work);
  } else {
    await atThePrimary(work, (primary) => copy(work, primary));
  }
  await clearSystemSettings(place, member.progress);
  await configureStandby(member);
}

async function asThePrimary(work: StandbyWork): Promise<void> {
  const { member, primaryPlace } = work;
  const { instance, order, progress } = member;
  const lineage = await lineageWith(member, primaryPlace);
  if (lineage === null) {
    progress(
      `starts without its primary ${order.primary}, of which nothing is left to compare with`,
    );
    return;
  }
  if (lineage.kind === 'same') {
    await reserveIfThere(member);
    return;
  }
  progress(`${instance} can't follow ${order.primary} with its data: ${lineage.reason}`);
  await atThePrimary(work, (primary) => mend(work, primary, lineage));
}

/** Null: the primary's data can't be read, and it does not run either. */
async function lineageWith(member: Member, primaryPlace: Place): Promise<Lineage | null> {
  const { place, order } = member;
  try {
    const version = await textOf(join(primaryPlace.data, 'PG_VERSION'));
    if (version !== null) return await lineageOf(place.data, primaryPlace.data);
    throw new DarumaError('START_FAILED', `the data of ${order.primary} is not there`);
  } catch (cause) {
    if (!(await answers(primaryTarget(member)))) return null;
    const text = `the data of ${order.primary} can't be read to compare with`;
    throw new DarumaError('START_FAILED', text, { cause });
  }
}

async function answers(primary: Target): Promise<boolean> {
  try {
    await ask(primary, askMs, 'select 1');
    return true;
  } catch {
    // Whatever is wrong with it, nobody can be made like it now.
    return false;
  }
}

async function mend(
  work: StandbyWork,
  primary: Target,
  lineage: Extract<Lineage, { kind: 'other' }>,
): Promise<void> {
  const { member, binaries } = work;
  const { place, progress } = member;
  const { rewind: program } = await programsBeside(binaries);
  if (program !== null && lineage.rewindable) {
    progress('goes back to the common past (pg_rewind)');
    try {
      // It reads the primary's timeline from its last checkpoint.
      await ask(primary, askMs * 12, 'checkpoint');
      await makeWhole(place, async (fresh) => {
        const directory = join(fresh, 'data');
        await rewind(program, directory, place, primary, member.signal);
        await layMark(directory, place.account);
        await removeSlots(directory);
      });
      return;
    } catch (error) {
      progress(`can't go back: ${errorInfo(error).message}`);
    }
  }
  await copy(work, primary);
}

async function copy(work: StandbyWork, primary: Target): Promise<void> {
  const { member, binaries, primaryPlace } = work;
  const { instance, order, place } = member;
  const { signal } = member;
  signal?.throwIfAborted();
  await refuseTablespaces(primaryPlace);
  const what = `copies ${order.primary} to ${instance}`;
  const progress = new CopyProgress(what, member.progress, signal);
  const { basebackup } = await programsBeside(binaries);
  const discards = work.hasData && !(await hasRoom(primary, place));
  if (discards) member.progress('removes its old data first: the disk has no room for both');
  await makeWhole(place, async (fresh) => {
    if (discards) await discard(place.data, join(fresh, 'discarded'));
    const directory = join(fresh, 'data');
    await makeDirectory(directory, place);
    if (basebackup === null) {
      await copyByFiles(primaryPlace, directory, place, primary, binaries.major, progress);
      await refuseLostSlot(primary, slotName(instance), askMs);
    } else {
      await copyByProgram(basebackup, directory, place, primary, slotName(instance), progress);
    }
    await layMark(directory, place.account);
    await syncTree(directory);
  });
  progress.done();
}

/** Whether a copy has room beside what is there; a tenth more, since the primary goes on. */
async function hasRoom(primary: Target, { data }: Place): Promise<boolean> {
  const query = 'select sum(pg_database_size(oid))::text as bytes from pg_database';
  const [row] = await ask<{ bytes: string }>(primary, askMs * 12, query);
  const { bavail, bsize } = await statfs(dirname(data));
  return bavail * bsize > Number(row?.bytes ?? 0) * 1.1 + spareBytes;
}

/** Moved first: data that is removed half must not be taken for data. */
async function discard(data: string, to: string): Promise<void> {
  await rename(data, to).catch((error: NodeJS.ErrnoException) => {
    // A rewind that failed has taken it along.
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(to, { recursive: true, force: true });
}

/** With the log reserved. */
async function atThePrimary(
  { member }: StandbyWork,
  work: (primary: Target) => Promise<void>,
): Promise<void> {
  const { instance, order } = member;
  const primary = primaryTarget(member);
  try {
    await refuseStandby(primary, order.primary);
    // It answers; to write the slot to a busy disk may take longer.
    await reserveSlot(primary, slotName(instance), askMs * 12);
    await work(primary);
  } catch (cause) {
    const text = `${instance} needs a copy of the data of ${order.primary}, which can't be made now`;
    throw new DarumaError('START_FAILED', text, { cause });
  }
}

async function reserveIfThere(member: Member): Promise<void> {
  const { instance, order, progress } = member;
  try {
    const primary = primaryTarget(member);
    await refuseStandby(primary, order.primary);
    await reserveSlot(primary, slotName(instance), askMs);
  } catch (error) {
    progress(`starts without its primary ${order.primary}: ${errorInfo(error).message}`);
  }
}

async function refuseStandby(primary: Target, name: string): Promise<void> {
  const rows = await ask<{ standby: boolean }>(
    primary,
    askMs,
    'select pg_is_in_recovery() as standby',
  );
  if (rows[0]?.standby === false) return;
  throw new DarumaError('START_FAILED', `${name} is not primary yet`);
}

/** Two servers of one machine would share them. */
async function refuseTablespaces({ data }: Place): Promise<void> {
  const entries = await readdir(join(data, 'pg_tblspc'), { withFileTypes: true });
  if (!entries.some((entry) => entry.isSymbolicLink())) return;
  const text = `${data} has tablespaces outside of it, which failover does not know how to copy`;
  throw new DarumaError('REQUIREMENT_UNMET', text);
}
