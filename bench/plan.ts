/**
 * `plan`: what becomes of faults by what is done about them. Random stacks in the simulator, each
 * with a truth of its own (plan/truth.ts) that the default tables only roughly know; the same
 * incidents for ours after 0, 10 and 100 other incidents of that stack, and for three simple
 * strategies.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { entry } from '../src/model/entry.ts';
import type { Benchmark, Goal } from './benchmark.ts';
import type { Job, Played } from './plan/worker.ts';

const incidentsPerStack = 50;
const lessons = [0, 10, 100] as const;
const peers = ['ladder', 'restart_all', 'oracle'] as const;

export const plan: Benchmark = {
  name: 'plan',
  about: `
Faults in random stacks, in the simulator: ${incidentsPerStack} incidents in each of as many stacks as there are rounds. What
is true of a stack is drawn around the default tables, and told to nobody: how often each kind of
fault happens at each service, and how often a restart or one of the user's own commands mends it
(both by a factor of e in the mean). Everybody gets the same stacks, the same faults, and the same
senses with the same noise. Downtime is that of all instances together; where a person has to come it
goes on for half an hour, five minutes after he was asked.

- \`after-N\`: Daruma after N other incidents of that stack.
- \`downtime_ratio_ladder\`: its downtime divided by that of a fixed ladder: retry, restart what fails,
  restart it again, ask a person.
- \`downtime_ratio_restart_all\`: by that of restarting everything that fails, up to three times.
- \`downtime_ratio_oracle\`: by that of an oracle, which is told the fault and what mends it as soon as
  anything shows. No one can be better; 1 is what can be reached.
`,
  peers: [],
  settings: { rounds: 40, seconds: 0 },
  goals: [
    goal('at most half of the downtime of the ladder', 'ladder', 0.5),
    goal('at most 1.3 times that of the oracle', 'oracle', 1.3),
  ],
  run: async ({ settings, tally, attempt }) => {
    await attempt('daruma', `${settings.rounds} stacks`, async () => {
      const sums: Record<string, number> = {};
      for (const played of await playAll(settings.rounds)) {
        for (const [name, downMs] of Object.entries(played))
          sums[name] = (sums[name] ?? 0) + downMs;
      }
      for (const count of lessons) {
        for (const peer of peers) {
          const ratio = (sums[count] ?? 0) / (sums[peer] ?? 0);
          tally.add(`after-${count}`, `downtime_ratio_${peer}`, ratio);
        }
      }
    });
  },
};

function goal(text: string, peer: (typeof peers)[number], most: number): Goal {
  return {
    text: `after 100 incidents ${text}`,
    reached: ({ figures }) =>
      (figures['after-100']?.[`downtime_ratio_${peer}`]?.median ?? Infinity) <= most,
  };
}

/** Each stack on a thread; all cores. */
async function playAll(stacks: number): Promise<Played[]> {
  const played: Played[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(entry(import.meta.url, './plan/worker'));
    try {
      for (let stack = next; stack < stacks; stack = next) {
        next += 1;
        played[stack] = await ask(worker, { stack, incidents: incidentsPerStack });
      }
    } finally {
      await worker.terminate();
    }
  };
  const threads = Math.min(stacks, availableParallelism());
  await Promise.all(Array.from({ length: threads }, work));
  return played;
}

function ask(worker: Worker, job: Job): Promise<Played> {
  return new Promise((resolve, reject) => {
    const broke = (cause: unknown) =>
      reject(new Error(`stack ${job.stack} broke its thread`, { cause }));
    worker.once('error', broke);
    worker.once('message', (played: Played) => {
      worker.off('error', broke);
      resolve(played);
    });
    worker.postMessage(job);
  });
}
