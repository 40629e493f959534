/** pg_auto_failover, whose extension has to lie beside the PostgreSQL that loads it. */
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { debianPackage } from './debian.ts';

/** For which Debian's package is made. */
const major = 15;
const places = [`/usr/lib/postgresql/${major}`, `/usr/share/postgresql/${major}`];

export interface PgAutoFailover {
  readonly version: string;
  /** `pg_autoctl`. */
  readonly program: string;
  /** Of a copy of PostgreSQL beside it, which knows the extension, unless that is installed. */
  readonly binDir: string;
}

export async function pgAutoFailoverPackage(): Promise<PgAutoFailover> {
  const name = `postgresql-${major}-auto-failover`;
  if (!places.every((place) => existsSync(place))) {
    throw new Error(
      `there is no PostgreSQL ${major}; install it: apt-get install postgresql-${major}`,
    );
  }
  const { root, version } = await debianPackage(name, '/usr/bin/pg_autoctl', [
    'pg-auto-failover-cli',
  ]);
  if (root !== '') addPostgres(root);
  const binDir = `${root}/usr/lib/postgresql/${major}/bin`;
  return { version, program: `${root}/usr/bin/pg_autoctl`, binDir };
}

/** Whole or not at all: PostgreSQL finds the rest of it beside its programs. */
function addPostgres(root: string): void {
  for (const place of places) {
    const there = `${root}${place}`;
    if (existsSync(`${there}/complete`)) continue;
    const fresh = `${there}.${process.pid}`;
    rmSync(fresh, { recursive: true, force: true });
    cpSync(place, fresh, { recursive: true, dereference: true });
    cpSync(there, fresh, { recursive: true });
    cpSync('/dev/null', `${fresh}/complete`);
    rmSync(there, { recursive: true });
    renameSync(fresh, there);
  }
}
