/**
 * The log is put aside by the servers themselves, each finished segment by a command of a few
 * programs of the system, into a spool beside the data, from where a job stores it.
 *
 * 1. What lies in a spool under its own name is whole and on disk.
 * 2. A standby puts aside too what it has received: what its primary had finished and not yet put
 *    aside when it died is not missing then.
 * 3. A spool does not fill the disk when nobody empties it: beyond its bound segments are thrown
 *    away, each is named, and the database goes on. Moments after them need a new point.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DarumaError } from '../../../model/errors.ts';
import type { ServiceSpec } from '../../../model/stack-spec.ts';
import { systemIdOf } from '../cluster.ts';
import type { Place } from '../place.ts';
import { postgresSpec } from '../roles.ts';

/** 4 GiB of segments of the usual size. */
const spoolFilesMax = 256;
/** Names of what was thrown away. */
export const droppedFile = 'dropped';

const own = ['archive_mode', 'archive_command', 'archive_timeout', 'archive_library'];

/** The settings by which a server keeps its log, and the spool that they need; none without
 * recovery points. There must be data. */
export async function archiving(
  service: ServiceSpec,
  place: Place,
): Promise<Readonly<Record<string, string>>> {
  const { recoveryPoints } = service;
  if (recoveryPoints?.source.kind !== 'postgres') return {};
  refuseContradictions(service);
  const spool = await makeSpool(place);
  const seconds = Math.max(1, Math.round(recoveryPoints.source.archiveTimeoutMs / 1_000));
  return {
    archive_mode: service.failover === undefined ? 'on' : 'always',
    archive_command: archiveCommand(spool),
    archive_timeout: String(seconds),
  };
}

/** For `sh`: `%p` is the path of the segment from the data on, `%f` its name. */
export function archiveCommand(spool: string): string {
  return [
    `s='${quoted(spool)}'`,
    // PostgreSQL's notes on base copies: nobody reads them.
    'case %f in *.backup) exit 0;; esac',
    'if test -e "$s/%f"; then exec cmp -s "%p" "$s/%f"; fi',
    `case %f in *.*);; *) set -- "$s"/0*; if test $# -gt ${spoolFilesMax}; ` +
      `then echo %f >>"$s/${droppedFile}"; exit; fi;; esac`,
    'cp -p "%p" "$s/.%f" && sync "$s/.%f" && mv "$s/.%f" "$s/%f" && sync "$s"',
  ].join('; ');
}

/** Whether it is such a command, to a place below this one. */
export function archivesBelow(command: string, directory: string): boolean {
  return command.startsWith(`s='${quoted(directory)}/`);
}

function quoted(path: string): string {
  return path.replaceAll("'", "'\\''").replaceAll('%', '%%');
}

/** For this very cluster: names of segments begin anew in another one. */
async function makeSpool(place: Place): Promise<string> {
  const spool = join(place.spool, await systemIdOf(place.data));
  for (const path of [dirname(spool), spool]) {
    await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (place.account === null) continue;
    await using directory = await open(path, 'r');
    await directory.chown(place.account.uid, place.account.gid);
  }
  return spool;
}

function refuseContradictions(service: ServiceSpec): void {
  const { settings } = postgresSpec(service);
  const taken = own.find((name) => name in settings);
  const refuse = (text: string) => {
    throw new DarumaError('STACK_INVALID', `${service.name}: ${text}`);
  };
  if (taken !== undefined) refuse(`with \`recovery_points\`, the setting ${taken} is Daruma's own`);
  if (settings['wal_level'] === 'minimal') refuse('`recovery_points` need wal_level replica');
}
