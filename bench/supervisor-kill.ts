/**
 * `supervisor-kill`: kill -9 of the supervisor while clients ask, 100 new connections a second.
 * `failed_requests`, `double_starts` (a further copy was started while the service ran), `adopted`
 * (1: the service ran on as the same process and, killed afterwards, was started exactly once; 0: not),
 * `runs`. A supervisor that nobody brings back is started again, as the machine's init would.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Run } from './benchmark.ts';
import type { Contender } from './contenders/contender.ts';
import { kill } from './marked.ts';
import { Stage } from './stage.ts';
import { restUntil } from './wait.ts';

const everyMs = 10;
const timeoutMs = 2_000;
/** Past the first second, in which a death counts as a failed start with some. */
const settledMs = 2_000;
/** How long init takes to notice. */
const initMs = 100;
/** `runsvdir` looks after its children every five seconds. */
const watchedMs = 6_000;
const adoptedMs = 8_000;
/** As many say enough of a peer; the runs of Daruma are as many as asked for. */
const peerRunsMax = 5;

export const supervisorKill: Benchmark = {
  name: 'supervisor-kill',
  peers: ['daruma-keeper', 'runit', 'pm2', 'supervisord', 'monit', 'shell-loop'],
  settings: { rounds: 20, seconds: 0 },
  run: async (run) => {
    const runs = new Map<string, number>();
    for (let round = 0; round < run.settings.rounds; round += 1) {
      const contenders = run.contenders.filter(
        ({ name }) => round < peerRunsMax || name === 'daruma',
      );
      for (const contender of contenders) {
        const { name } = contender;
        const done = await run.attempt(name, `run ${round + 1}`, () => measure(run, contender));
        if (done !== null) runs.set(name, (runs.get(name) ?? 0) + 1);
      }
    }
    for (const [name, count] of runs) run.tally.add(name, 'runs', count);
  },
};

async function measure({ tally }: Run, contender: Contender): Promise<true> {
  const { name } = contender;
  const stage = await Stage.open(contender, { check: true });
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
  await stage.close();
  return true;
}

/** What the supervisor makes of the end of the service, which it may know or not. */
async function startedOnce({ fifo }: Stage, pid: number): Promise<boolean> {
  const before = fifo.count('boot', 0);
  kill(pid);
  await pause(adoptedMs);
  return before === 1 && fifo.count('boot', 0) === 2;
}
