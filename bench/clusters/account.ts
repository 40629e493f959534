/** As whom PostgreSQL runs: it refuses to run as root. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';

type Account = { readonly uid: number; readonly gid: number } | null;

/** Null: as ourselves. */
export function postgresAccount(): Account {
  if (process.geteuid?.() !== 0) return null;
  const id = (what: string) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export function ownDirectory(path: string, account: Account): string {
  mkdirSync(path, { mode: 0o700 });
  if (account !== null) chownSync(path, account.uid, account.gid);
  return path;
}
