/**
 * Whether an instance's data is a past of its primary's (F5), read from both data directories while
 * the instance doesn't run. Then it may stream as it is; else it has writes of its own, or lacks
 * what the primary no longer has.
 *
 * It is one when both are of one origin, its timeline is the primary's or one that the primary left
 * no earlier than where its own log ends, and the last page of its log is in the primary's, byte by
 * byte. The last tells apart timelines that two instances have begun under one number.
 */
import { join } from 'node:path';
import { errorInfo } from '../../../model/errors.ts';
import { textOf } from '../cluster.ts';
import { type ControlFile, readControl } from './control-file.ts';
import { restoredTimeline } from './restored.ts';
import { Wal, type WalEnd } from './wal.ts';

export type Lineage =
  | { readonly kind: 'same' }
  /** `rewindable`: they have a common past that they left at a known place. */
  | { readonly kind: 'other'; readonly rewindable: boolean; readonly reason: string };

/** `data` must have been a cluster's; so must `primaryData`. */
export async function lineageOf(data: string, primaryData: string): Promise<Lineage> {
  const primary = await readControl(primaryData);
  let own: ControlFile | null;
  try {
    own = await readControl(data);
  } catch (error) {
    return other(`its control file can't be read: ${errorInfo(error).message}`);
  }
  if (own === null || primary === null) return other('it is of a version that is unknown here');
  if (own.systemId !== primary.systemId) return other('it is of another origin');
  if ((await textOf(join(data, 'backup_label'))) !== null)
    return other('it was never started since it was copied');
  const [ownWal, primaryWal] = await Promise.all([Wal.open(data), Wal.open(primaryData)]);
  const end = (await ownWal?.endFrom(own.checkpoint)) ?? null;
  if (ownWal === null || primaryWal === null || end === null) {
    return other('its log does not reach its last checkpoint');
  }
  const { timeline } = primaryWal;
  const restored = await restoredTimeline(primaryData);
  if (restored !== null && end.timeline < restored) {
    return other(`its primary was restored from a recovery point, on timeline ${restored}`);
  }
  const left = await leftAt(primaryData, timeline, end.timeline);
  if (left === null)
    return other(`it is on timeline ${end.timeline}, unknown to its primary`, true);
  if (end.position > left) {
    return other(`it wrote up to ${text(end.position)}, its primary left at ${text(left)}`, true);
  }
  const [page, same] = await Promise.all([
    ownWal.lastPageUpTo(end.position),
    primaryWal.lastPageUpTo(end.position),
  ]);
  if (same === null) return other('its primary no longer has the log that it needs');
  if (page?.equals(same) !== true) return other('its log is not that of its primary');
  return { kind: 'same' };
}

/** Whether a log that ends there, on that timeline, is a past of what the primary has. */
export async function isPastOf(primaryData: string, end: WalEnd): Promise<boolean> {
  const wal = await Wal.open(primaryData);
  const left = wal === null ? null : await leftAt(primaryData, wal.timeline, end.timeline);
  return left !== null && end.position <= left;
}

/** Where the history of `current` leaves `timeline`; never, when they are one. Null: it isn't part
 * of it. */
async function leftAt(data: string, current: number, timeline: number): Promise<bigint | null> {
  if (timeline === current) return 2n ** 64n;
  const name = `${current.toString(16).toUpperCase().padStart(8, '0')}.history`;
  // The first one has no history.
  const history = await textOf(join(data, 'pg_wal', name));
  for (const line of (history ?? '').split('\n')) {
    const [, number, high, low] = /^\s*(\d+)\s+([0-9A-F]+)\/([0-9A-F]+)/i.exec(line) ?? [];
    if (Number(number) !== timeline) continue;
    return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
  }
  return null;
}

function other(reason: string, rewindable = false): Lineage {
  return { kind: 'other', rewindable, reason };
}

/** As PostgreSQL writes positions. */
function text(position: bigint): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffffffffn).toString(16)}`.toUpperCase();
}
