/** What PostgreSQL's driver does with the data of a service. */
import { rm } from 'node:fs/promises';
import { DarumaError } from '../../../model/errors.ts';
import type { DataDriver, DataScene, ServedCopy } from '../../../ports/data-driver.ts';
import { findBinaries } from '../binaries.ts';
import { setSuperuserPassword } from '../cluster.ts';
import { ask } from '../connection.ts';
import { postgresSpec } from '../roles.ts';
import { checkFiles, checkIntegrity } from './integrity.ts';
import { keepLog } from './keep-log.ts';
import { logPrefix } from './log-names.ts';
import { momentBefore, reachOf, unneededLog } from './reach.ts';
import { recover } from './recover.ts';
import { ScratchServer, scratchFiles } from './scratch-server.ts';
import { searchLog } from './search-log.ts';
import { type ReadSecrets, Servers } from './servers.ts';
import { clusterSource } from './source.ts';
import { logWaits, rememberedPlaces } from './waiting-log.ts';

const askMs = 60_000;

export function dataDriver(sharedDir: string, secrets: ReadSecrets): DataDriver {
  const places = rememberedPlaces(sharedDir);
  const serversOf = (scene: DataScene) => new Servers(scene, sharedDir, secrets);
  return {
    source: (scene) => clusterSource(serversOf(scene)),
    keepLog: (scene, store, signal) => keepLog(serversOf(scene), store, signal),
    logWaits: (scene) => logWaits(scene, places),
    dataDirectory: async (scene, instance) => (await places(scene, instance)).data,
    nameMoment: (scene, name) => nameMoment(serversOf(scene), name),
    reach: reachOf,
    momentBefore,
    searchLog: (scene, work) => searchLog(serversOf(scene), work),
    unneededLog,
    logPrefix,
    recover: (scene, work) => recover(serversOf(scene), work),
    serveCopy: (scene, directory, signal) => serveCopy(serversOf(scene), directory, signal),
    checkIntegrity: (scene, limits) => checkIntegrity(serversOf(scene), limits),
    checkFiles,
  };
}

async function nameMoment(servers: Servers, name: string): Promise<{ lsn: string; at: number }> {
  const { instance, target } = await servers.primary();
  if (target === null) throw new DarumaError('NOT_RUNNING', `${instance} does not run`);
  const [row] = await ask<{ lsn: string; at: string }>(
    target,
    askMs,
    `select pg_create_restore_point($1)::text as lsn,
      floor(1000 * extract(epoch from clock_timestamp()))::text as at`,
    [name],
  );
  if (row === undefined) throw new DarumaError('INTERNAL', 'PostgreSQL told no place of the name');
  // The segment that holds it is put aside at once.
  await ask(target, askMs, 'select pg_switch_wal()');
  return { lsn: row.lsn, at: Number(row.at) };
}

async function serveCopy(
  servers: Servers,
  directory: string,
  signal: AbortSignal,
): Promise<ServedCopy> {
  const { service, progress } = servers.scene;
  const spec = postgresSpec(service);
  const real = (await servers.primary()).place;
  const place = { ...real, data: directory };
  const binaries = await findBinaries(spec.binDir, place.account, servers.sharedDir);
  const superuser = await servers.superuser();
  // On a machine that has lost everything it is not the one of the copy.
  const superuserPassword = superuser.password;
  await setSuperuserPassword({ place, binaries, spec, superuserPassword, progress });
  const server = await ScratchServer.start({
    ...{ binaries, account: place.account, data: directory, settings: spec.settings, signal },
    fixed: { archive_mode: 'off', autovacuum: 'off' },
    onLine: () => undefined,
  });
  const stop = async () => {
    await server.stop();
    for (const end of scratchFiles) await rm(`${directory}${end}`, { force: true });
  };
  if (!(await server.ready())) {
    server.kill();
    throw server.failure('could not be served');
  }
  const target = { ...superuser, port: server.port, database: spec.database };
  return {
    port: server.port,
    async firstValue(query, timeoutMs) {
      const [row] = await ask(target, timeoutMs, query);
      return row === undefined ? undefined : Object.values(row)[0];
    },
    stop,
  };
}
