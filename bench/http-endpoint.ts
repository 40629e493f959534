/**
 * `http-endpoint`: requests per second of processor time of the process that clients go through,
 * with `protocol: http` and connections that stay open.
 */
import { cpuMs } from './accounting.ts';
import { type Benchmark, closeAll, interleaved, type Run } from './benchmark.ts';
import { answeringProgram } from './endpoint.ts';
import { Stage } from './stage.ts';
import { untilConnected } from './wait.ts';
import { wrk } from './wrk.ts';

const connections = 64;
const startLimitMs = 30_000;
const warmSeconds = 3;
const figure = 'requests_per_cpu_s_keepalive';

export const httpEndpoint: Benchmark = {
  name: 'http-endpoint',
  about: `
What the way through an endpoint with \`protocol: http\` costs, beside HAProxy (\`mode http\`, one
thread) and nginx (one process). All keep their connections to the program open and tell it who asks.

- \`requests_per_cpu_s_keepalive\`: requests per second of processor time of the process in between.
`,
  peers: ['haproxy-http', 'nginx'],
  settings: { rounds: 5, seconds: 5 },
  goals: [
    {
      text: `\`${figure}\` at least 0.5 × HAProxy's`,
      reached: ({ ratios }) => (ratios['daruma/haproxy-http']?.[figure] ?? 0) >= 0.5,
    },
  ],
  run: async (run) => {
    const body = await answeringProgram();
    const stages: Stage[] = [];
    for (const contender of run.contenders) {
      const stage = await run.attempt(contender.name, 'start', async () => {
        const opened = await Stage.open(contender, { check: true, protocol: 'http', body });
        await untilConnected(opened.port, startLimitMs);
        await load(opened, warmSeconds);
        return opened;
      });
      if (stage !== null) stages.push(stage);
    }
    await interleaved(stages, run.settings.rounds, (stage) =>
      run.attempt(stage.contender.name, figure, () => measure(run, stage)),
    );
    await closeAll(run, stages);
  },
};

async function measure(run: Run, stage: Stage): Promise<void> {
  const pid = stage.supervision.gateway?.();
  if (pid === undefined) throw new Error('nobody is in between');
  const beforeMs = cpuMs([pid]);
  const requests = await load(stage, run.settings.seconds);
  const cpuSeconds = (cpuMs([pid]) - beforeMs) / 1_000;
  run.tally.add(stage.contender.name, figure, requests / cpuSeconds);
}

async function load({ directory, port }: Stage, seconds: number): Promise<number> {
  const options = { port, seconds, connections, keepAlive: true, pauseMs: 0 };
  const { requests, errors } = await wrk(directory, options);
  if (errors > 0) throw new Error(`${errors} requests failed`);
  return requests;
}
