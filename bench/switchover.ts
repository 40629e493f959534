/**
 * `switchover`: the primary's role is moved on purpose under 500 writes per second. The longest
 * time without an acknowledged write, and what went wrong.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Fact } from '../src/ledger/fact.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { atMost, type Benchmark, type Run } from './benchmark.ts';
import type { Cluster } from './clusters/cluster.ts';
import { daruma } from './clusters/daruma.ts';
import { patroni } from './clusters/patroni.ts';
import { duringCluster, untilWhole } from './clusters/stage.ts';

/** 500 writes per second together. */
const clients = 10;
const everyMs = 18;
const settledMs = 5_000;
const afterwardsMs = 3_000;
const timesEach = 3;
/** Said to a session between two transactions: nothing of it was carried out. */
const closedBetween = /terminating connection due to administrator command/;

export const switchover: Benchmark = {
  name: 'switchover',
  about: `
${clients} clients write about 500 facts per second; the primary's role is moved on purpose,
${timesEach} times in each round.

- \`pause_ms\`: the longest time without an acknowledged write.
- \`errors\`: writes whose fate their client does not know. That a connection was closed between two
  transactions is no error: any pool expects it.
- \`lost_acknowledged\`: facts that were acknowledged and are not there in the end.
`,
  peers: ['patroni'],
  clusters: { daruma, patroni },
  settings: { rounds: 3, seconds: 0 },
  goals: [
    { text: '`pause_ms` at most 500', reached: atMost('daruma', 'pause_ms', 500) },
    {
      text: 'no `errors`, in every run',
      reached: ({ figures }) => figures['daruma']?.['errors']?.max === 0,
    },
  ],
  run: async (run) => {
    for (let round = 0; round < run.settings.rounds; round += 1) {
      for (const contender of run.clusters) {
        await run.attempt(contender.name, `round ${round + 1}`, () =>
          duringCluster(contender, async (cluster) => {
            for (let time = 0; time < timesEach; time += 1) {
              await untilWhole(cluster);
              await measure(run, contender.name, cluster);
            }
          }),
        );
      }
    }
  },
};

async function measure(run: Run, name: string, cluster: Cluster): Promise<void> {
  const ledger = await Ledger.begin({
    target: cluster.target,
    ...{ clients, everyMs, impatientOneIn: 0, random: Math.random },
  });
  try {
    await pause(settledMs);
    const begun = ledger.now();
    await cluster.switchover();
    await ledger.acknowledgedAfter(ledger.now(), 60_000);
    await pause(afterwardsMs);
    run.tally.add(name, 'pause_ms', ledger.longestPauseSince(begun));
    const { lost } = await ledger.end();
    run.tally.add(name, 'lost_acknowledged', lost.length);
    run.tally.add(name, 'errors', ledger.facts.filter(isAmbiguous).length);
  } finally {
    await ledger.clear();
  }
}

function isAmbiguous({ outcome, error }: Fact): boolean {
  return outcome === 'unknown' && !closedBetween.test(error ?? '');
}
