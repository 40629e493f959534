/** pgBackRest: base copies and the log of PostgreSQL, encrypted and compressed as Daruma's are. */
import { execFile } from 'node:child_process';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { Command } from '../copies/contender.ts';
import type { DatabaseContender } from '../databases/contender.ts';
import type { BenchDatabase } from '../databases/database.ts';
import { debianPackage, withLibraries } from './debian.ts';

const run = promisify(execFile);
const needs = ['libpq5', 'libxml2', 'liblz4-1', 'libzstd1', 'libicu72'];

export async function pgbackrest(): Promise<DatabaseContender> {
  const { root, version } = await debianPackage('pgbackrest', '/usr/bin/pgbackrest', needs);
  const program = withLibraries(root, '/usr/bin/pgbackrest');
  return {
    ...{ name: 'pgbackrest', version },
    open: (directory) => {
      const config = `${directory}/pgbackrest.conf`;
      const own = [...program, `--config=${config}`, '--stanza=bench'];
      const by = (database: BenchDatabase, ...args: string[]): Command => ({
        argv: [...asUserOf(database), ...own, ...args],
        environment: { PGPASSWORD: database.superuserPassword },
      });
      return Promise.resolve({
        settings: {
          unix_socket_directories: directory,
          archive_mode: 'on',
          archive_command: `${own.join(' ')} archive-push %p`,
          archive_timeout: '60',
        },
        recoveryPoints: null,
        begin: async (database) => {
          configure(directory, config, database);
          const { argv, environment } = by(database, 'stanza-create');
          await run(argv[0] ?? '', argv.slice(1), { env: { ...process.env, ...environment } });
        },
        along: () => null,
        save: (database) => by(database, '--type=full', 'backup'),
        recover: async (database, at, perform) => {
          const { data } = database;
          await database.stop();
          rmSync(data, { recursive: true });
          mkdirSync(data, { mode: 0o700 });
          giveTo(database, data);
          const target = new Date(at).toISOString().replace('T', ' ').replace('Z', '+00');
          const restore = ['--type=time', `--target=${target}`, '--target-action=promote'];
          await perform(by(database, ...restore, 'restore'));
          await database.start();
        },
        confirm: () => undefined,
      });
    },
  };
}

/** As its guide has it, with a processor's every core, and no waiting for a checkpoint. */
function configure(directory: string, config: string, database: BenchDatabase): void {
  for (const name of ['repository', 'log', 'lock', 'spool']) {
    mkdirSync(`${directory}/${name}`, { mode: 0o700 });
    giveTo(database, `${directory}/${name}`);
  }
  const lines = [
    ...['[global]', `repo1-path=${directory}/repository`, 'repo1-retention-full=7'],
    ...['repo1-cipher-type=aes-256-cbc', 'repo1-cipher-pass=passphrase'],
    ...['compress-type=zst', 'compress-level=3', `process-max=${availableParallelism()}`],
    ...['start-fast=y', 'log-level-console=warn', 'log-level-file=off'],
    ...[`lock-path=${directory}/lock`, `spool-path=${directory}/spool`],
    ...[`log-path=${directory}/log`],
    ...['[bench]', `pg1-path=${database.data}`, `pg1-port=${database.port}`],
    ...[`pg1-socket-path=${directory}`, 'pg1-user=postgres', ''],
  ];
  writeFileSync(config, lines.join('\n'));
}

function giveTo({ account }: BenchDatabase, path: string): void {
  if (account !== null) chownSync(path, account.uid, account.gid);
}

function asUserOf({ account }: BenchDatabase): readonly string[] {
  if (account === null) return [];
  const { uid, gid } = account;
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
}
