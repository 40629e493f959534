/**
 * `pg-failover`: the primary's whole node, or PostgreSQL's main process, is killed, or all of it is
 * stopped and resumed later, while clients write. Until a write is acknowledged again, what of the
 * acknowledged is lost, and what two primaries took.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Fact } from '../src/ledger/fact.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import type { Benchmark, Run } from './benchmark.ts';
import type { Cluster } from './clusters/cluster.ts';
import { daruma, darumaProbesOnly } from './clusters/daruma.ts';
import { patroni } from './clusters/patroni.ts';
import { pgAutoFailover } from './clusters/pg-auto-failover.ts';
import { duringCluster, untilWhole } from './clusters/stage.ts';
import { kill } from './marked.ts';

const clients = 8;
const everyMs = 5;
/** So long all is well before each fault. */
const settledMs = 5_000;
/** From the first write after a hang to the resumption of what was stopped. */
const resumedAfterMs = 3_000;
/** How long clients go on afterwards. */
const afterwardsMs = 5_000;
const limitMs = 120_000;

const faults = ['node', 'postmaster', 'hang'] as const;
type Fault = (typeof faults)[number];

export const pgFailover: Benchmark = {
  name: 'pg-failover',
  about: `
${clients} clients write numbered facts through the endpoint, one each ${everyMs} ms, and note what was
acknowledged. All run Debian's PostgreSQL with one synchronous standby on the same machine.

- \`node_ms\`: all processes of the primary are killed at once (of Patroni's, its agent too), until a
  write that was sent afterwards is acknowledged.
- \`postmaster_ms\`: only PostgreSQL's main process is killed.
- \`hang_ms\`: all of the node is stopped (SIGSTOP), and resumed ${resumedAfterMs / 1_000} s after the first
  acknowledged write.
- \`lost_acknowledged\`: facts that were acknowledged and are not there in the end.
- \`double_primary_writes\`: facts that an old primary acknowledged after a new one had.

\`daruma-probes-only\` sees no exit, as of another machine: health checks alone tell. \`patroni\`: with
etcd, \`ttl: 20\`, \`loop_wait: 5\`, synchronous mode, and HAProxy that asks it each 500 ms.
\`pg_auto_failover\`: its defaults, and HAProxy that asks its monitor each 500 ms.
`,
  peers: ['daruma-probes-only', 'patroni', 'pg_auto_failover'],
  clusters: {
    daruma,
    'daruma-probes-only': darumaProbesOnly,
    patroni,
    pg_auto_failover: pgAutoFailover,
  },
  settings: { rounds: 3, seconds: 0 },
  goals: [
    goal('daruma', 'node_ms', 800),
    goal('daruma', 'postmaster_ms', 800),
    goal('daruma', 'hang_ms', 2_500),
    goal('daruma-probes-only', 'node_ms', 2_500),
    goal('daruma-probes-only', 'postmaster_ms', 2_500),
    goal('daruma-probes-only', 'hang_ms', 2_500),
    goal('daruma', 'lost_acknowledged', 0),
    goal('daruma', 'double_primary_writes', 0),
    goal('daruma-probes-only', 'lost_acknowledged', 0),
    goal('daruma-probes-only', 'double_primary_writes', 0),
  ],
  run: async (run) => {
    for (let round = 0; round < run.settings.rounds; round += 1) {
      for (const contender of run.clusters) {
        const { name } = contender;
        await run.attempt(name, `round ${round + 1}`, () =>
          duringCluster(contender, (cluster) => allFaults(run, name, cluster)),
        );
      }
    }
  },
};

/** In every run. */
function goal(name: string, figure: string, limit: number): Benchmark['goals'][number] {
  return {
    text: `${name}: \`${figure}\` at most ${limit} in every run`,
    reached: ({ figures }) => (figures[name]?.[figure]?.max ?? Number.POSITIVE_INFINITY) <= limit,
  };
}

async function allFaults(run: Run, name: string, cluster: Cluster): Promise<void> {
  for (const fault of faults) {
    await run.attempt(name, fault, () => measure(run, name, cluster, fault));
    await cluster.repair();
    await untilWhole(cluster);
  }
}

async function measure(run: Run, name: string, cluster: Cluster, fault: Fault): Promise<void> {
  const ledger = await Ledger.begin({
    target: cluster.target,
    ...{ clients, everyMs, impatientOneIn: 0, random: Math.random },
  });
  try {
    await pause(settledMs);
    const pids = fault === 'postmaster' ? [await cluster.primary()] : await cluster.node();
    for (const pid of pids) kill(pid, fault === 'hang' ? 'SIGSTOP' : 'SIGKILL');
    const begun = ledger.now();
    const first = await ledger.acknowledgedAfter(begun, limitMs);
    run.tally.add(name, `${fault}_ms`, first.answeredAt - begun);
    if (fault === 'hang') {
      await pause(resumedAfterMs);
      for (const pid of pids) kill(pid, 'SIGCONT');
    }
    await pause(afterwardsMs);
    const { lost } = await ledger.end();
    run.tally.add(name, 'lost_acknowledged', lost.length);
    run.tally.add(name, 'double_primary_writes', takenTwice(ledger.facts));
  } finally {
    await ledger.clear();
  }
}

/** Acknowledged by one server after the next had acknowledged its first. */
function takenTwice(facts: readonly Fact[]): number {
  const acknowledged = facts.filter(({ outcome }) => outcome === 'acknowledged');
  const firsts = new Map<string, number>();
  for (const { by, answeredAt } of acknowledged) {
    firsts.set(by ?? '', Math.min(firsts.get(by ?? '') ?? Number.POSITIVE_INFINITY, answeredAt));
  }
  return acknowledged.filter(({ by, sentAt }) => {
    const own = firsts.get(by ?? '') ?? 0;
    return [...firsts.values()].some((first) => first > own && sentAt > first);
  }).length;
}
