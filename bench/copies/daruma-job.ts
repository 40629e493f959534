/** One job of the benchmark's Daruma: `save` or `restore`, DIRECTORY, RECIPIENT, and the data. */
import type { RecoveryPointsSpec } from '../../src/model/recovery-point.ts';
import type { VaultContext } from '../../src/ports/vault.ts';
import { readIdentities } from '../../src/vault/keys.ts';
import { createSource } from '../../src/vault/sources/index.ts';
import { listPoints, makePoint, restoreFiles } from '../../src/vault/vault.ts';

const [what, directory = '', recipient = '', data = ''] = process.argv.slice(2);
const source = { kind: 'directory', paths: [data] } as const;
const signal = new AbortController().signal;

const spec: RecoveryPointsSpec = {
  source,
  ...{ schedule: null, on: [], spread: 'all', bytesPerSecondMax: null },
  ...{ lateAfterMs: null, drill: null },
  keep: { last: 7, hourly: 0, daily: 0, weekly: 0, monthly: 0, withinMs: 0, minAgeMs: 0 },
  to: [{ kind: 'directory', name: 'repository', maxBytes: null, path: `${directory}/repository` }],
  encryptTo: [{ kind: 'recipient', recipient }],
};

const context: VaultContext = {
  ...{ stack: 'bench', service: 'files', spec, version: '0' },
  indexDir: `${directory}/index`,
  scratchDir: `${directory}/scratch`,
};

async function save(): Promise<void> {
  const files = createSource(source, {
    ...{ now: Date.now, scratchDir: context.scratchDir, leaveOut: [], stateDir: directory },
    run: { asUser: [], workingDir: directory, environment: {}, expand: (template) => template },
  });
  await makePoint(context, files, {
    ...{ name: null, why: 'person', now: Date.now, chance: Math.random, signal },
    onProgress: () => undefined,
  });
}

async function restore(): Promise<void> {
  const { points } = await listPoints(context);
  const newest = points.at(-1);
  if (newest === undefined) throw new Error('there is no point');
  const identities = await readIdentities(`${directory}/identity`);
  await restoreFiles(context, newest.id, data, identities, { signal, onProgress: () => undefined });
}

await (what === 'save' ? save() : restore());
