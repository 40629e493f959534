/** One job of the benchmark's Daruma: `save`, `keep-log` or `prepare`, and what it is told. */
import { setTimeout as pause } from 'node:timers/promises';
import { createDrivers } from '../../src/drivers/index.ts';
import type { DataDriver, DataScene, LogStore } from '../../src/ports/data-driver.ts';
import type { VaultContext } from '../../src/ports/vault.ts';
import { listExtras, readExtra, removeExtra, storeExtra } from '../../src/vault/extras.ts';
import { readIdentities } from '../../src/vault/keys.ts';
import { gentleSession } from '../../src/vault/sources/gently.ts';
import { joinQuietGroup } from '../../src/vault/sources/quiet-group.ts';
import { listPoints, makePoint, restoreFiles } from '../../src/vault/vault.ts';
import type { DarumaJob } from './daruma.ts';

const logEachMs = 1_000;

const [what, told = '{}'] = process.argv.slice(2);
const { directory, sharedDir, stateDir, service, port, at, into }: DarumaJob = JSON.parse(told);
const { signal } = new AbortController();
const identities = await readIdentities(`${directory}/identity`);

function contextOf({ recoveryPoints }: DarumaJob['service']): VaultContext {
  if (recoveryPoints === undefined) throw new Error('the service has no recovery points');
  return {
    ...{ stack: 'bench', service: 'db', spec: recoveryPoints, version: '0' },
    indexDir: `${directory}/index`,
    scratchDir: `${directory}/scratch`,
  };
}

const context = contextOf(service);
const scene: DataScene = {
  ...{ service, stateDir, primary: 'db/1', progress: () => undefined },
  running: [{ instance: 'db/1', port }],
};
const log: LogStore = {
  list: (prefix) => listExtras(context, prefix),
  store: async (key, content) => {
    await storeExtra(context, key, content);
  },
  read: (key) => readExtra(context, key, identities),
  remove: (key) => removeExtra(context, key),
};

function dataDriver(): DataDriver {
  const { postgres } = createDrivers({ sharedDir });
  if (postgres.kind === 'process' && postgres.data !== undefined) return postgres.data;
  throw new Error('the driver knows nothing of data');
}

const data = dataDriver();

async function save(): Promise<void> {
  await makePoint(context, data.source(scene), {
    ...{ name: null, why: 'person', now: Date.now, chance: Math.random, signal },
    onProgress: () => undefined,
  });
}

async function keepLog(): Promise<void> {
  for (;;) {
    const { trouble } = await data.keepLog(scene, log, signal);
    if (trouble !== null) throw new Error(trouble.message);
    await pause(logEachMs);
  }
}

async function prepare(): Promise<void> {
  const point = (await listPoints(context)).points.at(-1);
  if (point === undefined) throw new Error('there is no point');
  const how = { signal, onProgress: () => undefined };
  const filesRestored = restoreFiles(context, point.id, into, identities, how);
  const target = { kind: 'time', at, before: false } as const;
  const work = { directory: into, filesRestored, point, target, log, withLocalLog: true };
  await data.recover(scene, { ...how, ...work });
}

function giveWay(): () => void {
  gentleSession();
  return joinQuietGroup();
}

// Whoever restores waits for it.
const leaveQuietGroup = what === 'prepare' ? () => undefined : giveWay();
if (what === 'save') await save();
else if (what === 'keep-log') await keepLog();
else await prepare();
leaveQuietGroup();
process.exit();
