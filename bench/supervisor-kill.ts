/**
 * `supervisor-kill`: kill -9 of the supervisor while clients ask, 100 new connections a second.
 * `failed_requests`, `double_starts` (a further copy was started while the service ran), `adopted`
 * (1: the service ran on as the same process and, killed afterwards, was started exactly once; 0:
 * not), `runs`. A supervisor that nobody brings back is started again, as the machine's init would.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Run } from './benchmark.ts';
import { kill } from './marked.ts';
import { Stage } from './stage.ts';
import { restUntil } from './wait.ts';

const everyMs = 10;
const timeoutMs = 2_000;
/** Past the first second, in which a death counts as a failed start with some. */
const settledMs = 1_200;
/** How long init takes to notice. */
const initMs = 100;
/** `runsvdir` looks after its children every five seconds. */
const watchedMs = 6_000;
/** monit's cycle and its waiting for the start are well within. */
const adoptedMs = 8_000;
/** A second copy would follow the first within this time. */
const onceMs = 1_500;
/** As many say enough of a peer; the runs of Daruma are as many as asked for. */
const peerRunsMax = 3;

export const supervisorKill: Benchmark = {
  name: 'supervisor-kill',
  about: `
The supervisor is killed with \`kill -9\` while clients open 100 new connections a second, and watched
for 6 s. Who isn't brought back by a process of its own is started again after 100 ms, as the
machine's init would. Then the service is killed too, to see whether the supervisor knows it.

- \`failed_requests\`: not answered correctly within 2 s.
- \`double_starts\`: how often a further copy of the service was started while it ran.
- \`adopted\`: 1 if the service ran on as the same process, no copy was started, and after the kill it
  was started exactly once within 8 s; else 0.
- \`runs\`: how often all this was done; three times with the peers.

With Daruma the controller is killed, and for \`daruma-keeper\` the parent of the controller; with
runit \`runsv\`, which \`runsvdir\` brings back; with the others the one process there is.
`,
  peers: ['daruma-keeper', 'runit', 'pm2', 'supervisord', 'monit', 'shell-loop'],
  settings: { rounds: 20, seconds: 0 },
  goals: [
    {
      text: 'no failed request in any of 20 runs',
      reached: ({ figures }) => {
        const own = figures['daruma'];
        return (own?.['runs']?.max ?? 0) >= 20 && own?.['failed_requests']?.max === 0;
      },
    },
    {
      text: 'adopted once in each of them',
      reached: ({ figures }) => {
        const own = figures['daruma'];
        return own?.['double_starts']?.max === 0 && own['adopted']?.min === 1;
      },
    },
  ],
  run: async (run) => {
    const runs = new Map<string, number>();
    for (let round = 0; round < run.settings.rounds; round += 1) {
      const contenders = run.contenders.filter(
        ({ name }) => round < peerRunsMax || name === 'daruma',
      );
      for (const contender of contenders) {
        const { name } = contender;
        await run.attempt(name, `run ${round + 1}`, async () => {
          await Stage.during(contender, { check: true }, (stage) => measure(run, stage));
          runs.set(name, (runs.get(name) ?? 0) + 1);
        });
      }
    }
    for (const [name, count] of runs) run.tally.add(name, 'runs', count);
  },
};

async function measure({ tally }: Run, stage: Stage): Promise<void> {
  const { name } = stage.contender;
  const service = await stage.answering();
  await restUntil(service.at + settledMs);
  const load = stage.load(everyMs, timeoutMs);
  await pause(500);
  const killedAt = performance.now();
  kill(stage.supervision.supervisor());
  await pause(initMs);
  await stage.supervision.startAgain();
  await restUntil(killedAt + watchedMs);
  const exchanges = await load.stop();
  tally.add(name, 'failed_requests', exchanges.filter(({ pid }) => pid === null).length);
  const survived = kill(service.pid, 'SIGCONT');
  tally.add(name, 'double_starts', survived ? stage.fifo.count('boot', killedAt) : 0);
  tally.add(name, 'adopted', survived && (await startedOnce(stage, service.pid)) ? 1 : 0);
}

/** What the supervisor makes of the end of the service, which it may know or not. */
async function startedOnce({ fifo }: Stage, pid: number): Promise<boolean> {
  const before = fifo.count('boot', 0);
  const killedAt = performance.now();
  kill(pid);
  const again = await fifo.next('boot', killedAt, adoptedMs).catch(() => null);
  if (again === null) return false;
  await restUntil(again.at + onceMs);
  return before === 1 && fifo.count('boot', 0) === 2;
}
