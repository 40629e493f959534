/** PostgreSQL's own programs for making standbys, where the binaries have them. */
import { access, constants, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DarumaError } from '../../../model/errors.ts';
import { lastLines, runCommand } from '../../run-command.ts';
import type { Binaries } from '../binaries.ts';
import { surroundings } from '../cluster.ts';
import type { Target } from '../connection.ts';
import type { Place } from '../place.ts';
import { conninfo } from './conninfo.ts';
import type { CopyProgress } from './progress.ts';

const limitMs = 7 * 24 * 3_600_000;

export interface Programs {
  readonly basebackup: string | null;
  readonly rewind: string | null;
}

export async function programsBeside({ postgres }: Binaries): Promise<Programs> {
  const find = async (name: string) => {
    const path = join(dirname(postgres), name);
    return access(path, constants.X_OK).then(
      () => path,
      () => null,
    );
  };
  return { basebackup: await find('pg_basebackup'), rewind: await find('pg_rewind') };
}

/** Into `directory`, which is empty. */
export async function copyByProgram(
  program: string,
  directory: string,
  place: Place,
  primary: Target,
  slot: string,
  progress: CopyProgress,
): Promise<void> {
  const argv = [
    ...[program, `--pgdata=${directory}`, `--dbname=${addressOf(primary)}`, '--no-password'],
    ...['--checkpoint=fast', '--wal-method=stream', `--slot=${slot}`, '--progress'],
  ];
  const { signal } = progress;
  await run(argv, place, primary, signal, (text) => {
    const [, done, total] = /(\d+)\/(\d+) kB/.exec(text) ?? [];
    if (total !== undefined) progress.reached(Number(done) * 1024, Number(total) * 1024);
  });
}

/**
 * Brings data back to where its history and the primary's part, in `directory`, to which it is
 * moved first. A kill in between leaves nothing at the data's own place, so that what is rewound
 * half is never taken for data; and the mark, which the recovery before a rewind doesn't bear, is
 * missing nowhere but in a directory that will be thrown away.
 */
export async function rewind(
  program: string,
  directory: string,
  place: Place,
  primary: Target,
  signal: AbortSignal | undefined,
): Promise<void> {
  await rename(place.data, directory);
  await rm(join(directory, 'standby.signal'), { force: true });
  const argv = [program, `--target-pgdata=${directory}`, `--source-server=${addressOf(primary)}`];
  await run(argv, place, primary, signal, () => undefined);
}

function addressOf({ port, user, database }: Target): string {
  return conninfo({ port: String(port), user, dbname: database });
}

async function run(
  argv: readonly string[],
  place: Place,
  { password }: Target,
  signal: AbortSignal | undefined,
  onStderr: (text: string) => void,
): Promise<void> {
  const { environment, ...around } = surroundings(place);
  const withPassword = { ...environment, PGPASSWORD: password };
  const options = { ...around, environment: withPassword, timeoutMs: limitMs, onStderr };
  const { code, stderr } = await runCommand(argv, { ...options, ...(signal && { signal }) });
  signal?.throwIfAborted();
  if (code === 0) return;
  throw new DarumaError('START_FAILED', `${argv[0]} failed: ${lastLines(stderr)}`);
}
