/** Daruma's own recovery points of PostgreSQL, made and restored as its job process does, to a
 * directory and encrypted. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { entry } from '../../src/model/entry.ts';
import type { RecoveryPointsSpec } from '../../src/model/recovery-point.ts';
import { gently, jobEnvironment, jobFlags } from '../../src/vault/sources/gently.ts';
import { version } from '../../src/version.ts';
import type { Command } from '../copies/contender.ts';
import { cacheDirectory } from '../peers/cache.ts';
import type { DatabaseContender } from './contender.ts';
import type { BenchDatabase } from './database.ts';

/** What a job is told. */
export interface DarumaJob {
  readonly directory: string;
  readonly sharedDir: string;
  readonly stateDir: string;
  readonly service: BenchDatabase['service'];
  readonly port: number;
  /** Of a restore: the moment, and where to. */
  readonly at: number;
  readonly into: string;
}

export async function daruma(): Promise<DatabaseContender> {
  return {
    ...{ name: 'daruma', version },
    open: async (directory) => {
      const identity = await generateIdentity();
      writeFileSync(`${directory}/identity`, `${identity}\n`, { mode: 0o600 });
      const recoveryPoints = pointsOf(directory, await identityToRecipient(identity));
      return {
        ...{ settings: {}, recoveryPoints, begin: () => Promise.resolve() },
        along: (database) => job(database, 'keep-log'),
        save: (database) => job(database, 'save'),
        recover: async (database, at, run) => {
          const { data } = database;
          const into = `${data}.restored`;
          await run(job(database, 'prepare', at, into));
          await database.stop();
          renameSync(data, `${data}.before`);
          renameSync(into, data);
          await database.start();
        },
        confirm: ({ data }) => rmSync(`${data}.before`, { recursive: true }),
      };
    },
  };
}

function job(database: BenchDatabase, what: string, at = 0, into = ''): Command {
  const program = fileURLToPath(entry(import.meta.url, './daruma-job'));
  const { directory, sharedDir, stateDir, service, port } = database;
  const told: DarumaJob = { directory, sharedDir, stateDir, service, port, at, into };
  const run = [process.execPath, ...jobFlags, '--disable-warning=ExperimentalWarning', program];
  // A session of its own, as it makes its session nice, and ours must not be.
  const argv = ['setsid', ...run, what, JSON.stringify(told)];
  const compiled = cacheDirectory('compiled');
  const kept = { NODE_COMPILE_CACHE: compiled, DARUMA_COMPILE_CACHE: compiled };
  const environment = jobEnvironment({ ...process.env, ...kept });
  return { argv: what === 'prepare' ? argv : gently(argv), environment };
}

function pointsOf(directory: string, recipient: string): RecoveryPointsSpec {
  const path = `${directory}/repository`;
  return {
    source: { kind: 'postgres', archiveTimeoutMs: 60_000 },
    ...{ schedule: null, on: [], spread: 'all', bytesPerSecondMax: null },
    ...{ lateAfterMs: null, drill: null },
    keep: { last: 7, hourly: 0, daily: 0, weekly: 0, monthly: 0, withinMs: 0, minAgeMs: 0 },
    to: [{ kind: 'directory', name: 'repository', maxBytes: null, path }],
    encryptTo: [{ kind: 'recipient', recipient }],
  };
}
