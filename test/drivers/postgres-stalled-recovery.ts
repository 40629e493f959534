/**
 * A recovery that waits for ever for a file of the log, run by `postgres-recovery-copy.test.ts` to
 * be killed. Arguments: the shared directory, and as JSON the scene, the point and the stored key.
 */
import assert from 'node:assert/strict';
import { createDrivers } from '../../src/drivers/index.ts';
import type { DataScene, RecoverWork } from '../../src/ports/data-driver.ts';

const [sharedDir = '', told = ''] = process.argv.slice(2);
const { scene, directory, point, key }: Told = JSON.parse(told);

interface Told {
  readonly scene: Omit<DataScene, 'progress'>;
  readonly directory: string;
  readonly point: RecoverWork['point'];
  readonly key: string;
}

const { postgres } = createDrivers({ sharedDir });
assert.equal(postgres.kind, 'process');
// Something that goes on, or there would be nothing to wait for.
setInterval(() => undefined, 60_000);
await postgres.data?.recover(
  { ...scene, progress: () => undefined },
  {
    ...{ directory, point, target: { kind: 'latest' }, withLocalLog: false },
    log: {
      list: () => Promise.resolve([key]),
      store: () => Promise.resolve(),
      read: () => new Promise(() => undefined),
      remove: () => Promise.resolve(),
    },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  },
);
