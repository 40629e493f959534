/** One cluster in a directory of its own, from its start until nothing of it is left. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { freePort } from '../free-port.ts';
import { endMarked, markName } from '../marked.ts';
import { until } from '../wait.ts';
import type { Cluster, ClusterContender } from './cluster.ts';

/** initdb, a copy, a first election. */
const wholeLimitMs = 180_000;

const open = new Set<ClusterStage>();

class ClusterStage {
  readonly directory: string;
  readonly mark: string;
  cluster: Cluster | null = null;

  constructor() {
    this.directory = mkdtempSync(`${tmpdir()}/daruma-bench-`);
    // PostgreSQL runs as another user when we are root.
    chmodSync(this.directory, 0o755);
    this.mark = this.directory.replaceAll('/', '.');
    open.add(this);
  }

  async close(): Promise<void> {
    if (!open.delete(this)) return;
    try {
      await this.cluster?.stop();
    } finally {
      await endMarked(this.mark);
      const patience = { maxRetries: 20, retryDelay: 100 };
      rmSync(this.directory, { recursive: true, force: true, ...patience });
    }
  }
}

export async function duringCluster<T>(
  contender: ClusterContender,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const stage = new ClusterStage();
  const { directory, mark } = stage;
  try {
    const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', [markName]: mark };
    const cluster = await contender.start({ directory, port: await freePort(), environment });
    stage.cluster = cluster;
    await untilWhole(cluster);
    return await use(cluster);
  } finally {
    await stage.close();
  }
}

/** Whatever is still open. */
export async function closeClusters(): Promise<void> {
  await Promise.allSettled([...open].map((stage) => stage.close()));
}

export async function untilWhole(cluster: Cluster): Promise<void> {
  // One look may fall between two states.
  await until('a whole cluster', wholeLimitMs, async () => {
    const whole = await cluster.isWhole().catch(() => false);
    return whole || null;
  });
}
