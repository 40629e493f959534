/**
 * `backend-hang`: 300 requests per second over two instances of an HTTP service, of which one is
 * stopped (SIGSTOP), later one is killed (kill -9).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Outcome, SteadyLoad } from './backend-hang-load.ts';
import type { Benchmark, Run } from './benchmark.ts';
import { kill } from './marked.ts';
import { Stage } from './stage.ts';
import { until } from './wait.ts';

const perSecond = 300;
/** So long all is well before each fault. */
const settledMs = 4_000;
/** So long each fault is watched. */
const watchedMs = 8_000;
const limitMs = 60_000;
/** Both have answered within this time: both are in turn. */
const recentMs = 1_000;

export const backendHang: Benchmark = {
  name: 'backend-hang',
  about: `
${perSecond} requests per second (GET, connections that stay open) over two instances; one is stopped
with SIGSTOP, and after both serve again one is killed with \`kill -9\`. Each request has its moment,
and its time counts from there.

- \`failed_stop\`, \`failed_kill\`: requests due within ${watchedMs / 1_000} s after the fault that got no
  answer, or one other than 200.
- \`slowest_stop_ms\`, \`slowest_kill_ms\`: the longest time until an answer.

\`haproxy-http\` checks by HTTP as often as it does by default (each 2 s, three failures), with
\`option redispatch\` and a server time-out of 5 s. \`haproxy-tuned\` checks each 200 ms, gives an answer
500 ms, and repeats what may be repeated elsewhere. Nobody brings its instances back: the stopped one
goes on after the measurement.
`,
  peers: ['haproxy-http', 'haproxy-tuned'],
  settings: { rounds: 3, seconds: 0 },
  goals: ['stop', 'kill'].map((fault) => ({
    text: `${fault}: none fails, the slowest takes at most 600 ms`,
    reached: ({ figures }) => {
      const own = figures['daruma'];
      const slowest = own?.[`slowest_${fault}_ms`]?.max ?? Number.POSITIVE_INFINITY;
      return own?.[`failed_${fault}`]?.max === 0 && slowest <= 600;
    },
  })),
  run: async (run) => {
    for (let round = 0; round < run.settings.rounds; round += 1) {
      for (const contender of run.contenders) {
        await run.attempt(contender.name, 'two faults', () =>
          Stage.during(
            contender,
            { check: true, protocol: 'http', replicas: 2, manyFaults: true },
            (stage) => twoFaults(run, stage),
          ),
        );
      }
    }
  },
};

async function twoFaults(run: Run, stage: Stage): Promise<void> {
  await stage.answering();
  const load = new SteadyLoad(stage.port, perSecond);
  try {
    const [stopped = 0] = await bothServe(load);
    await pause(settledMs);
    await measure(run, stage, load, 'stop', () => kill(stopped, 'SIGSTOP'));
    kill(stopped, 'SIGCONT');
    const [killed = 0] = await bothServe(load);
    await pause(settledMs);
    await measure(run, stage, load, 'kill', () => kill(killed));
  } finally {
    await load.stop();
  }
}

/** Resolves with the processes that serve. */
function bothServe(load: SteadyLoad): Promise<number[]> {
  return until('two instances', limitMs, () => {
    const since = performance.now() - recentMs;
    const recent = load.outcomes.filter(({ dueAt }) => dueAt > since);
    const pids = [...new Set(recent.flatMap(({ pid }) => (pid === null ? [] : [pid])))];
    return pids.length === 2 ? pids : null;
  });
}

async function measure(
  run: Run,
  { contender }: Stage,
  load: SteadyLoad,
  fault: 'stop' | 'kill',
  strike: () => unknown,
): Promise<void> {
  const begun = performance.now();
  strike();
  await pause(watchedMs);
  const end = performance.now();
  const due = ({ dueAt }: Outcome) => dueAt >= begun && dueAt < end;
  const count = Math.floor(((end - begun) * perSecond) / 1_000) - 1;
  await until('the last answers', limitMs, () => load.outcomes.filter(due).length >= count || null);
  const outcomes = load.outcomes.filter(due);
  const answered = outcomes.filter(({ pid }) => pid !== null);
  const slowestMs = answered.reduce((max, one) => Math.max(max, one.endedAt - one.dueAt), 0);
  run.tally.add(contender.name, `failed_${fault}`, outcomes.length - answered.length);
  run.tally.add(contender.name, `slowest_${fault}_ms`, slowestMs);
}
