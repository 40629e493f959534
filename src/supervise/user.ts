/** Whom a program runs as. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { DarumaError } from '../model/errors.ts';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Null: a bare number, which has no name, no home and no further groups. */
  readonly name: string | null;
  readonly home: string | null;
}

/** One line of the user or group database: the file first, then whatever else the system asks. */
function lookUp(database: 'passwd' | 'group', key: string): readonly string[] | null {
  const lines = readFileSync(`/etc/${database}`, 'utf8').split('\n');
  const found = lines
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === key || (/^\d+$/.test(key) && fields[2] === key));
  if (found !== undefined) return found;
  // Where there is no `getent`, the status is null and the output too.
  const { status, stdout } = spawnSync('getent', [database, key], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().split(':') : null;
}

function numbered(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** A bare number needs no entry; its group then has the same number. Throws USER_UNKNOWN. */
function userEntry(name: string): Identity {
  const entry = lookUp('passwd', name);
  const uid = entry === null ? numbered(name) : Number(entry[2]);
  if (uid === null) throw new DarumaError('USER_UNKNOWN', `there is no user «${name}»`);
  const gid = entry === null ? uid : Number(entry[3]);
  return { uid, gid, name: entry?.[0] ?? null, home: entry?.[5] ?? null };
}

/**
 * `user` as Compose writes it: `name`, `uid`, `name:group`, `uid:gid`. Null: no change of user is
 * needed. Throws USER_UNKNOWN; START_FAILED when we may not become that user.
 */
export function identityOf(user: string | null): Identity | null {
  if (user === null) return null;
  const identity = { ...userEntry(user.split(':')[0] ?? ''), ...resolveUser(user) };
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === identity.uid && gid === identity.gid) return null;
  if (uid !== 0) {
    const text = `only root can run a program as «${user}»; Daruma runs as uid ${uid}`;
    throw new DarumaError('START_FAILED', text);
  }
  return identity;
}

/** The numbers of `user`. Throws USER_UNKNOWN. */
export function resolveUser(user: string): { readonly uid: number; readonly gid: number } {
  const [name = '', group] = user.split(':');
  const { uid, gid } = userEntry(name);
  return { uid, gid: group === undefined ? gid : groupId(group) };
}

function groupId(group: string): number {
  const entry = lookUp('group', group);
  const gid = entry === null ? numbered(group) : Number(entry[2]);
  if (gid === null) throw new DarumaError('USER_UNKNOWN', `there is no group «${group}»`);
  return gid;
}

/** Argument vector that becomes the user, with all groups it is in, and runs what follows. */
export function becomeUser(identity: Identity): readonly string[] {
  const ids = [`--reuid=${identity.uid}`, `--regid=${identity.gid}`];
  return ['setpriv', ...ids, identity.name === null ? '--clear-groups' : '--init-groups', '--'];
}

/** What goes before an argument vector for it to run as `user`. Throws as `identityOf`. */
export function asUser(user: string | null): readonly string[] {
  const identity = identityOf(user);
  return identity === null ? [] : becomeUser(identity);
}

/**
 * The environment as the user would have it. HOME and the like are replaced where they are merely
 * our own, passed on; what the stack file set stays.
 */
export function environmentFor(
  identity: Identity | null,
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (identity?.name == null) return environment;
  const { name, home } = identity;
  const theirs = { HOME: home ?? '/', USER: name, LOGNAME: name };
  const replaced = Object.entries(theirs).filter(
    ([key]) => environment[key] === undefined || environment[key] === process.env[key],
  );
  return { ...environment, ...Object.fromEntries(replaced) };
}
