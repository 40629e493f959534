/**
 * Makes restored files a data directory that can be served: a server of the cluster's own programs
 * replays the log to the target, begins a timeline of its own, and is ended in order.
 *
 *     label, pages ──▶ replay ──▶ target ──▶ new timeline ──▶ clean end ──▶ checked, on disk
 *
 * 1. Nobody can connect meanwhile, and nothing of it gets into the log that is kept.
 * 2. The new timeline gets a number that no stored one has.
 * 3. Where the log ends before the target this is refused, unless it is known that nothing came
 *    after: then the end of the log is that moment's state.
 * 4. What standbys have of before is not to be trusted: a mark in the data tells them so.
 */
import { chmod, chown, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DarumaError } from '../../../model/errors.ts';
import type { PostgresPointFacts } from '../../../model/recovery-point.ts';
import type { LogTarget, Recovered, RecoverWork } from '../../../ports/data-driver.ts';
import { type Account, lastLines, runCommand } from '../../run-command.ts';
import { type Binaries, findBinaries } from '../binaries.ts';
import { hasCluster } from '../cluster.ts';
import type { Place } from '../place.ts';
import { readControl } from '../replication/control-file.ts';
import { syncTree } from '../replication/copy.ts';
import { markRestored } from '../replication/restored.ts';
import { postgresSpec } from '../roles.ts';
import { Feed } from './feed.ts';
import { type LocalFile, localLog } from './local-log.ts';
import { type LogFile, logPrefix } from './log-names.ts';
import { filesOf, reachBy, timelineFor } from './reach.ts';
import { ScratchServer, scratchFiles, writeFor } from './scratch-server.ts';
import type { Servers } from './servers.ts';

const chownLimitMs = 3_600_000;
const endedBefore = /recovery ended before configured recovery target was reached/;

interface Scratch {
  readonly servers: Servers;
  readonly work: RecoverWork;
  readonly facts: PostgresPointFacts;
  readonly binaries: Binaries;
  /** Of the real data. */
  readonly place: Place;
}

const noFiles: ReadonlyMap<string, LocalFile> = new Map();

export async function recover(servers: Servers, work: RecoverWork): Promise<Recovered> {
  // Awaited in its turn; until then a failure must not count as unhandled.
  work.filesRestored?.catch(() => undefined);
  const facts = work.point.postgres;
  if (facts === undefined) throw new DarumaError('POINT_FOREIGN', 'it is no point of PostgreSQL');
  const { service } = servers.scene;
  const { place } = await servers.primary();
  const { binDir } = postgresSpec(service);
  const leftovers = ['.feed', '.scratch.hba', ...scratchFiles];
  const clear = () =>
    Promise.all(
      leftovers.map((end) => rm(`${work.directory}${end}`, { recursive: true, force: true })),
    );
  await clear();
  const binaries = await findBinaries(binDir, place.account, servers.sharedDir);
  const scratch = { servers, work, facts, binaries, place };
  try {
    return await replayed(scratch);
  } finally {
    await clear();
  }
}

async function replayed(scratch: Scratch): Promise<Recovered> {
  const { work, binaries, place } = scratch;
  const { directory, target, filesRestored } = work;
  // The later it is looked for, the more there is of it.
  if (target.kind === 'latest') await filesRestored;
  const log = await gathered(scratch);
  const { feed, timeline } = log;
  let synced: Promise<unknown> = Promise.resolve();
  try {
    await filesRestored;
    await hasCluster({ ...place, data: directory }, binaries);
    // What was restored goes to disk while the log is replayed.
    synced = syncTree(directory);
    const seen = await run(scratch, feed, timeline, target);
    if (seen !== null) return seen;
    refuseUnreached(scratch, log);
    const whole = await run(scratch, feed, timeline, { kind: 'latest' });
    if (whole !== null) return whole;
    throw new DarumaError('INTERNAL', 'a recovery without a target missed it');
  } finally {
    await Promise.allSettled([synced, feed.close()]);
  }
}

interface Gathered {
  readonly feed: Feed;
  readonly timeline: number;
  readonly files: readonly LogFile[];
  readonly local: ReadonlyMap<string, LocalFile>;
}

/** All log that there is. A job may move it from this machine to the store meanwhile, so that is
 * looked at in this order, and again when something has gone. */
async function gathered({ servers, work, facts, place }: Scratch): Promise<Gathered> {
  const { directory, target, log: store, signal } = work;
  for (;;) {
    signal.throwIfAborted();
    const local = work.withLocalLog ? await localLog(servers, facts) : noFiles;
    const keys = store === null ? [] : await store.list(logPrefix(servers.scene.service.name));
    const stored = filesOf(facts, keys);
    const files = [...stored, ...[...local.values()].map(({ file }) => file)];
    const timeline = timelineFor(facts, files, target);
    const feed = await Feed.open({
      ...{
        directory: `${directory}.feed`,
        account: place.account,
        facts,
        timeline,
        local,
        stored,
        store,
      },
      ...{ historiesOnly: target.kind === 'point', signal },
    });
    if (feed !== null) return { feed, timeline, files, local };
  }
}

/** Null: the log ended before the target. */
async function run(
  scratch: Scratch,
  feed: Feed,
  timeline: number,
  target: LogTarget,
): Promise<Recovered | null> {
  const { servers, work, binaries, place } = scratch;
  const { account } = place;
  const { directory, signal, onProgress } = work;
  const { settings } = postgresSpec(servers.scene.service);
  const seen = new Replay();
  await prepare(directory, account);
  const server = await ScratchServer.start({
    ...{ binaries, account, data: directory, settings, signal },
    fixed: { ...scratchSettings(directory, feed), ...targetSettings(target, timeline) },
    onLine: (line) => {
      const name = seen.hear(line);
      if (name === null) return;
      feed.restored(name);
      const total = Math.max(feed.totalBytes, feed.restoredBytes);
      onProgress({ bytes: feed.restoredBytes, total });
    },
  });
  try {
    if (!(await server.ready())) {
      signal.throwIfAborted();
      if (feed.error !== null) throw feed.error;
      if (server.said(endedBefore)) return null;
      throw server.failure('could not recover');
    }
    await server.stop();
  } finally {
    server.kill();
  }
  return finish(scratch, seen);
}

async function prepare(directory: string, account: Account | null): Promise<void> {
  // PostgreSQL serves no data that others may read, or that is another's.
  await chmod(directory, 0o700);
  if (account !== null) await giveTo(directory, account);
  await writeFor(account, join(directory, 'recovery.signal'), '');
  await writeFor(account, `${directory}.scratch.hba`, 'host all all all reject\n');
}

/** On another machine its user may have another number. */
async function giveTo(directory: string, account: Account): Promise<void> {
  await chown(directory, account.uid, account.gid);
  const { uid, gid } = await stat(join(directory, 'PG_VERSION'));
  if (uid === account.uid && gid === account.gid) return;
  const argv = ['chown', '-R', `${account.uid}:${account.gid}`, '--', directory];
  const { code, stderr } = await runCommand(argv, { timeoutMs: chownLimitMs });
  if (code === 0) return;
  throw new DarumaError('ACTION_FAILED', `chown of the restored data: ${lastLines(stderr)}`);
}

function scratchSettings(directory: string, feed: Feed): Record<string, string> {
  return {
    hba_file: `${directory}.scratch.hba`,
    hot_standby: 'off',
    // What is half done when the machine stops is thrown away; in the end all is synced at once.
    fsync: 'off',
    autovacuum: 'off',
    // What it writes itself is marked to be kept, and kept once it is served.
    archive_mode: 'on',
    restore_command: feed.command,
    max_wal_size: '2GB',
    checkpoint_timeout: '1h',
  };
}

/** Whatever files say. The one that is wanted comes last: PostgreSQL takes one at a time. */
function targetSettings(target: LogTarget, timeline: number): Record<string, string> {
  const before = 'before' in target && target.before;
  const wanted = targetSetting(target, before);
  const others = ['', '_lsn', '_name', '_time', '_xid']
    .map((end) => `recovery_target${end}`)
    .filter((name) => !(name in wanted));
  return {
    ...Object.fromEntries(others.map((name) => [name, ''])),
    recovery_target_inclusive: before ? 'off' : 'on',
    recovery_target_timeline: String(timeline),
    recovery_target_action: 'promote',
    ...wanted,
  };
}

function targetSetting(target: LogTarget, before: boolean): Record<string, string> {
  switch (target.kind) {
    case 'latest':
    case 'point':
      return {};
    case 'lsn':
      return { recovery_target_lsn: target.lsn };
    case 'name':
      return { recovery_target_name: target.name };
    case 'xid':
      return { recovery_target_xid: target.xid };
    case 'time':
      return { recovery_target_time: timeText(target.at, before) };
  }
}

/** A whole millisecond means all of it: clients' clocks tell no more. */
function timeText(at: number, before: boolean): string {
  const micros = Math.round(at * 1_000) + (Number.isInteger(at) && !before ? 999 : 0);
  const text = new Date(Math.floor(micros / 1_000)).toISOString();
  return text.replace('Z', `${String(micros % 1_000).padStart(3, '0')}+00`).replace('T', ' ');
}

/** What a server says while it replays. */
class Replay {
  lsn = '0/0';
  lastTransactionAt: number | null = null;

  /** The file of the log that it has just got, or null. */
  hear(line: string): string | null {
    this.lsn = /^LOG: {2}redo done at ([0-9A-F]+\/[0-9A-F]+)/.exec(line)?.[1] ?? this.lsn;
    const time = /last completed transaction was at log time (\S+ \S+)/.exec(line)?.[1];
    if (time !== undefined) this.lastTransactionAt = Date.parse(time.replace(/\+00$/, 'Z'));
    return /^LOG: {2}restored log file "([0-9A-F]{24})" from archive/.exec(line)?.[1] ?? null;
  }
}

/** With the log in the data nothing comes after, if none is missing before; else what is stored
 * must reach the target. */
function refuseUnreached({ work, facts }: Scratch, { files, local }: Gathered): void {
  const { target, point } = work;
  const reach = reachBy(point.at, facts, files);
  const hasData = [...local.values()].some(({ final }) => !final);
  const isWhole = hasData && reach.gaps.length === 0;
  if (target.kind === 'time' && (isWhole || reach.until >= target.at)) return;
  const gaps = reach.gaps.length === 0 ? '' : ` (missing: ${reach.gaps.join(', ')})`;
  const text =
    `the log that there is does not reach the target; ` +
    `it reaches ${new Date(reach.until).toISOString()}${gaps}`;
  throw new DarumaError('REFUSED', text);
}

async function finish({ work, place }: Scratch, seen: Replay): Promise<Recovered> {
  const { directory } = work;
  const control = await readControl(directory);
  if (control === null || !control.endedInOrder || control.inRecovery) {
    throw new DarumaError('ACTION_FAILED', `${basename(directory)} was not left in order`);
  }
  for (const name of ['backup_label.old', 'tablespace_map.old']) {
    await rm(join(directory, name), { force: true });
  }
  await markRestored(directory, control.timeline, place.account);
  await syncTree(directory);
  const { lsn, lastTransactionAt } = seen;
  return { lsn, lastTransactionAt, timeline: control.timeline };
}
