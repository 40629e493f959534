/**
 * The data directory: made once, whole or not at all, and looked at before each start.
 *
 * 1. A new cluster is made under another name and renamed when it is complete and on disk: one
 *    that was half made when somebody pulled the plug is thrown away and made anew.
 * 2. Data of another major version is refused, and so is a directory that holds anything else.
 * 3. A living server on the same data that isn't ours is refused. Ours is the supervisor's to end.
 * 4. The superuser's password is the one in our secrets, also for data that came from elsewhere.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { DarumaError } from '../../model/errors.ts';
import type { PostgresSpec } from '../../model/stack-spec.ts';
import { replaceFile, syncDirectory } from '../durable-file.ts';
import { lastLines, type RunOptions, runCommand } from '../run-command.ts';
import type { Binaries } from './binaries.ts';
import type { Place } from './place.ts';

const initdbTimeoutMs = 10 * 60_000;
const singleUserTimeoutMs = 10 * 60_000;

export interface ClusterOptions {
  readonly place: Place;
  readonly binaries: Binaries;
  readonly spec: PostgresSpec;
  readonly superuserPassword: string;
  readonly progress: (text: string) => void;
}

/** Resolves with true when the cluster is new, and so has the password. */
export async function ensureCluster(options: ClusterOptions): Promise<boolean> {
  if (await hasCluster(options.place, options.binaries)) return false;
  await createCluster(options);
  return true;
}

/** Rejects when there is something that can't be used, with REQUIREMENT_UNMET. */
export async function hasCluster(place: Place, binaries: Binaries): Promise<boolean> {
  const version = await textOf(join(place.data, 'PG_VERSION'));
  if (version === null) {
    await refuseOtherContent(place.data);
    return false;
  }
  if (Number(version) !== binaries.major) {
    throw new DarumaError(
      'REQUIREMENT_UNMET',
      `${place.data} was made by PostgreSQL ${version.trim()}, but the programs are version ` +
        `${binaries.major}: give the \`bin_dir\` of version ${version.trim()}, or upgrade the ` +
        'data with pg_upgrade',
    );
  }
  if ((await textOf(join(place.data, 'postgresql.conf'))) === null) {
    const text = `${place.data} has its configuration elsewhere: run it as \`driver: external\``;
    throw new DarumaError('REQUIREMENT_UNMET', text);
  }
  return true;
}

/** The number that initdb gave the cluster: the first eight bytes of its control file. */
export async function systemIdOf(data: string): Promise<string> {
  await using file = await open(join(data, 'global', 'pg_control'), 'r');
  const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
  return (
    process.arch === 's390x' ? buffer.readBigUInt64BE() : buffer.readBigUInt64LE()
  ).toString();
}

/** In single-user mode, which needs no password; the server must not be running. */
export async function setSuperuserPassword(options: ClusterOptions): Promise<void> {
  const { place, binaries, spec, superuserPassword } = options;
  const role = escapeIdentifier(spec.superuser);
  const argv = [binaries.postgres, '--single', '-D', place.data, 'postgres'];
  const result = await runCommand(argv, {
    ...surroundings(place),
    timeoutMs: singleUserTimeoutMs,
    input: `alter role ${role} superuser login password ${escapeLiteral(superuserPassword)}\n`,
  });
  if (result.code === 0 && !/\b(?:ERROR|FATAL|PANIC):/.test(result.stderr)) return;
  const said = lastLines(result.stderr).replaceAll(superuserPassword, '…');
  throw new DarumaError('START_FAILED', `the password of ${role} could not be set: ${said}`);
}

/** Rejects when a server that isn't ours lives on the data. What a dead one left is PostgreSQL's to
 * judge, except a process id that another program has now, which it would take for a server. */
export async function refuseForeignServer({ data, mark }: Place): Promise<void> {
  const lockFile = join(data, 'postmaster.pid');
  const pid = Number((await textOf(lockFile))?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  const command = await commandLine(pid);
  // Its process is gone, or is a zombie that nobody has reaped yet, which PostgreSQL takes for a
  // living server.
  if (command === null) return rm(lockFile, { force: true });
  if (!(await worksIn(pid, data))) return rm(lockFile, { force: true });
  if (command.includes(markSetting(mark))) return;
  const text = `another PostgreSQL (process ${pid}) already runs on ${data}`;
  throw new DarumaError('START_FAILED', text);
}

/** A setting that means nothing to PostgreSQL; by it we know our servers. */
export function markSetting(mark: string): string {
  return `daruma.instance=${mark}`;
}

async function createCluster(options: ClusterOptions): Promise<void> {
  const { place, binaries, progress } = options;
  progress(`creates a database cluster of PostgreSQL ${binaries.major}`);
  await makeWhole(place, async (fresh) => {
    await makeDirectory(join(fresh, 'data'), place);
    await initialise(options, join(fresh, 'data'), join(fresh, 'password'));
  });
}

/** Whole or not at all: `make` puts the data into `data` of the directory that it is given. What is
 * at the place already is replaced when that is complete. Half made ones are removed first. */
export async function makeWhole(
  place: Place,
  make: (fresh: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(place.data), { recursive: true, mode: 0o700 });
  await removeHalfMade(place.data);
  const fresh = `${place.data}.new-${randomBytes(6).toString('hex')}`;
  await makeDirectory(fresh, place);
  try {
    await make(fresh);
    await putInPlace(join(fresh, 'data'), place.data, join(fresh, 'replaced'));
  } finally {
    await removeTree(fresh);
  }
}

async function putInPlace(made: string, data: string, replaced: string): Promise<void> {
  try {
    await rename(data, replaced).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(made, data);
  } catch (cause) {
    const text = `${data} could not be made (a mount point? then name a directory in it)`;
    throw new DarumaError('START_FAILED', text, { cause });
  }
  await syncDirectory(dirname(data));
}

/** The program of a killed Daruma may still be writing; it ends when its files are gone. */
async function removeHalfMade(data: string): Promise<void> {
  for (const name of await readdir(dirname(data))) {
    if (name.startsWith(`${basename(data)}.new-`)) await removeTree(join(dirname(data), name));
  }
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

async function initialise(
  { place, binaries, spec, superuserPassword }: ClusterOptions,
  directory: string,
  passwordFile: string,
): Promise<void> {
  await replaceFile(passwordFile, `${superuserPassword}\n`, place.account);
  const result = await runCommand(
    [
      binaries.initdb,
      `--pgdata=${directory}`,
      `--username=${spec.superuser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--data-checksums',
      '--locale=C',
      // Sorts by code point, knows the letters of all languages, and needs nothing installed.
      ...(binaries.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    ],
    { ...surroundings(place), timeoutMs: initdbTimeoutMs },
  );
  if (result.code === 0) return;
  const how = result.timedOut ? 'took too long' : lastLines(result.stderr);
  throw new DarumaError('START_FAILED', `the database cluster could not be created: ${how}`);
}

export function surroundings(
  place: Place,
): Required<Pick<RunOptions, 'account' | 'environment' | 'workingDir'>> {
  const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  return { account: place.account, environment, workingDir: '/' };
}

export async function makeDirectory(path: string, { account }: Place): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  if (account === null) return;
  await using directory = await open(path, 'r');
  await directory.chown(account.uid, account.gid);
}

async function refuseOtherContent(data: string): Promise<void> {
  const names = await readdir(data).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  const text = `${data} is no data directory of PostgreSQL (it has no PG_VERSION), and not empty`;
  throw new DarumaError('REQUIREMENT_UNMET', text);
}

export async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Null: no such process, or one that has ended and only waits to be collected. */
async function commandLine(pid: number): Promise<string | null> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')) || null;
  } catch {
    return null;
  }
}

/** A server works in its data directory. A process that we may not look at belongs to another user,
 * and PostgreSQL serves no data but its own user's. */
async function worksIn(pid: number, data: string): Promise<boolean> {
  try {
    const [there, here] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(data)]);
    return there.ino === here.ino && there.dev === here.dev;
  } catch {
    return false;
  }
}
