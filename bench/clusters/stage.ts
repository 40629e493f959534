/** One cluster in a directory of its own, from its start until nothing of it is left. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { freePort } from '../free-port.ts';
import { endMarked, markName } from '../marked.ts';
import { until } from '../wait.ts';
import type { Cluster, ClusterContender } from './cluster.ts';

/** initdb, a copy, a first election. */
const wholeLimitMs = 180_000;

export async function duringCluster<T>(
  contender: ClusterContender,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(`${tmpdir()}/daruma-bench-`);
  // PostgreSQL runs as another user when we are root.
  chmodSync(directory, 0o755);
  const mark = directory.replaceAll('/', '.');
  let cluster: Cluster | null = null;
  try {
    const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', [markName]: mark };
    cluster = await contender.start({ directory, port: await freePort(), environment });
    await untilWhole(cluster);
    return await use(cluster);
  } finally {
    try {
      await cluster?.stop();
    } finally {
      await endMarked(mark);
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    }
  }
}

export async function untilWhole(cluster: Cluster): Promise<void> {
  // One look may fall between two states.
  await until('a whole cluster', wholeLimitMs, async () => {
    const whole = await cluster.isWhole().catch(() => false);
    return whole || null;
  });
}
