/** The embedded PostgreSQL, with a server that does not start while it is told to wait. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { findAccount } from '../../src/drivers/account.ts';
import { findBinaries } from '../../src/drivers/postgres/binaries.ts';
import { atEnd } from '../at-end.ts';

/** Where the driver shares binaries with the users that servers run as. */
const sharedDir = '/var/lib/daruma';

export interface SlowPostgres {
  readonly binDir: string;
  /** A server that is started from now on waits until it may. */
  hold(): void;
  letStart(): void;
}

export async function slowPostgres(t: TestContext): Promise<SlowPostgres> {
  const root = process.geteuid?.() === 0;
  const account = root ? ((await findAccount('postgres')) ?? (await findAccount('nobody'))) : null;
  const { postgres, initdb } = await findBinaries(null, account, sharedDir);
  const directory = mkdtempSync(path.join(tmpdir(), 'daruma-postgres-'));
  atEnd(t, () => rmSync(directory, { recursive: true, force: true }));
  const held = path.join(directory, 'held');
  const slowly = `case "$1" in -D) while [ -e '${held}' ]; do sleep 0.1; done ;; esac`;
  const programs = {
    postgres: `${slowly}\nexec '${postgres}' "$@"`,
    initdb: `exec '${initdb}' "$@"`,
  };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  chmodSync(directory, 0o755);
  return {
    binDir: directory,
    hold: () => writeFileSync(held, ''),
    letStart: () => rmSync(held),
  };
}
