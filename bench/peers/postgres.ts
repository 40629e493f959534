/** PostgreSQL of Debian, which all contenders run alike. */
import { existsSync, readdirSync } from 'node:fs';

/** The directory of its programs. */
export function debianPostgres(): string {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).map(Number) : [];
  const newest = Math.max(...versions.filter((one) => existsSync(`${base}/${one}/bin/initdb`)));
  if (Number.isFinite(newest)) return `${base}/${newest}/bin`;
  throw new Error('there is no PostgreSQL; install it: sudo apt-get install -y postgresql');
}
