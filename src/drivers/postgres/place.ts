/**
 * Where an instance's data lies and as whom it runs. PostgreSQL refuses to run as root, and another
 * user can't reach the state directory (mode 0700, perhaps below /root): then the data is in the
 * shared directory, with a link where one would look for it. Nobody's directories are changed.
 *
 * What is there already decides before anything else: data stays where it is, and belongs to
 * whom it belongs.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, readlink, realpath, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DarumaError } from '../../model/errors.ts';
import { type InstanceId, numberOf } from '../../model/ids.ts';
import { instanceFileName, layout } from '../../model/layout.ts';
import type { ServiceSpec } from '../../model/stack-spec.ts';
import type { DriverContext } from '../../ports/driver.ts';
import { findAccount } from '../account.ts';
import type { Account } from '../run-command.ts';
import { openDirectory } from './binaries.ts';
import { postgresSpec } from './roles.ts';

export interface Place {
  /** Null: as ourselves. */
  readonly account: Account | null;
  /** The data directory; it may not exist yet. */
  readonly data: string;
  /** The configuration file of ours. */
  readonly config: string;
  /** Where the order that it was given last is kept, with failover. */
  readonly seen: string;
  /** Where its log is put aside until it is stored, with recovery points; may not exist. */
  readonly spool: string;
  /** Tells this instance from every other on this machine. */
  readonly mark: string;
}

/** Rejects with USER_UNKNOWN or REQUIREMENT_UNMET. */
export async function placeOf(
  context: Pick<DriverContext, 'service' | 'instance' | 'stateDir'>,
  sharedDir: string,
): Promise<Place> {
  const { service, instance, stateDir } = context;
  const name = instanceFileName(instance);
  const usual = join(layout(stateDir).dataDir, name);
  const linked = await linkTarget(usual);
  const tag = await tagOf(stateDir);
  const home = join(sharedDir, tag);
  const given = await givenDir(service, instance, [usual, join(home, name)]);
  const existing = given ?? linked ?? usual;
  const owner = await ownerOf(existing);
  const account = await accountFor(service, existing, owner);
  await mkdir(dirname(usual), { recursive: true, mode: 0o700 });
  const mark = `${tag}/${name}`;
  const private_ = account === null || (existing === usual && owner !== null);
  if (private_) return { account, data: existing, mark, ...filesAt(usual) };
  await openDirectory(sharedDir);
  await openDirectory(home);
  const data = given ?? linked ?? join(home, name);
  if (given === null && linked === null) await symlink(data, usual);
  return { account, data, mark, ...filesAt(join(home, name)) };
}

function filesAt(path: string): Pick<Place, 'config' | 'seen' | 'spool'> {
  return { config: `${path}.conf`, seen: `${path}.order.json`, spool: `${path}.spool` };
}

/** As the stack file says, or said of one that is not in it any more; null: it leaves it to us.
 * `files`: where its configuration may lie. */
async function givenDir(
  service: ServiceSpec,
  instance: InstanceId,
  files: readonly string[],
): Promise<string | null> {
  const { dataDir, dataDirs } = postgresSpec(service);
  if (dataDirs === undefined) return dataDir;
  const listed = dataDirs[numberOf(instance) - 1];
  if (listed !== undefined) return listed;
  for (const file of files) {
    const former = await formerDir(filesAt(file).config);
    if (former !== null) return former;
  }
  throw new DarumaError(
    'STACK_INVALID',
    `${service.name}: \`data_dir\` names none for ${instance}`,
  );
}

/** By the configuration that we wrote last: it includes that of the data. */
async function formerDir(config: string): Promise<string | null> {
  const text = await unlessMissing(readFile(config, 'utf8'));
  const quoted = /^include = '(.*)\/postgresql\.conf'$/m.exec(text ?? '')?.[1];
  return quoted?.replaceAll("''", "'").replaceAll('\\\\', '\\') ?? null;
}

async function accountFor(
  service: ServiceSpec,
  data: string,
  owner: number | null,
): Promise<Account | null> {
  const ours = process.geteuid?.() ?? 0;
  const account = ours === 0 ? await otherUser(service, owner) : await ourselves(service);
  const uid = account?.uid ?? ours;
  if (owner === null || owner === uid) return account;
  throw new DarumaError(
    'REQUIREMENT_UNMET',
    `${data} belongs to the user with id ${owner}, but ${service.name} is to run as ` +
      `${account?.name ?? uid}: set \`user:\` to its owner, or change the owner`,
  );
}

async function otherUser({ name, user }: ServiceSpec, owner: number | null): Promise<Account> {
  const wanted = user ?? (owner === null ? null : String(owner));
  const candidates = wanted === null ? ['postgres', 'nobody'] : [wanted];
  for (const candidate of candidates) {
    const account = await findAccount(candidate);
    if (account?.uid === 0) {
      const text = `PostgreSQL refuses to run as root: give ${name} another \`user:\``;
      throw new DarumaError('REQUIREMENT_UNMET', text);
    }
    if (account !== null) return account;
  }
  const text = `there is no user ${candidates.join(' or ')}, as whom ${name} is to run`;
  throw new DarumaError('USER_UNKNOWN', text);
}

async function ourselves({ name, user }: ServiceSpec): Promise<null> {
  if (user === null) return null;
  const account = await findAccount(user);
  if (account === null) {
    throw new DarumaError('USER_UNKNOWN', `there is no user ${user}, as whom ${name} is to run`);
  }
  if (account.uid === process.geteuid?.()) return null;
  throw new DarumaError('REQUIREMENT_UNMET', `only root can run ${name} as another user (${user})`);
}

/** `accounts-3f9a…`: readable, and unique to the state directory. */
async function tagOf(stateDir: string): Promise<string> {
  const real = await realpath(stateDir);
  const own = basename(real).startsWith('.') ? basename(dirname(real)) : basename(real);
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 12);
  return `${own.replaceAll(/[^A-Za-z0-9_-]/g, '-')}-${hash}`;
}

async function linkTarget(path: string): Promise<string | null> {
  const found = await unlessMissing(lstat(path));
  return found?.isSymbolicLink() ? readlink(path) : null;
}

/** Of data; an empty or missing directory has none. */
async function ownerOf(data: string): Promise<number | null> {
  const version = await unlessMissing(stat(join(data, 'PG_VERSION')));
  return version === null ? null : (await stat(data)).uid;
}

async function unlessMissing<T>(looked: Promise<T>): Promise<T | null> {
  try {
    return await looked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
