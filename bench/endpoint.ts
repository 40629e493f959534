/**
 * `endpoint`: requests per second of processor time of the process that clients go through, with
 * keep-alive (`requests_per_cpu_s_keepalive`) and with a connection for each request
 * (`requests_per_cpu_s_connect`), and what it adds to the 99th percentile of latency at half of
 * the slowest one's load with keep-alive (`p99_added_ms`, over the same without anybody between).
 */
import { writeFileSync } from 'node:fs';
import { cpuMs } from './accounting.ts';
import { atMost, type Benchmark, closeAll, interleaved, type Run } from './benchmark.ts';
import { haproxyPackage } from './peers/haproxy.ts';
import { Stage } from './stage.ts';
import { untilConnected } from './wait.ts';
import { type WrkLoad, wrk } from './wrk.ts';

const connections = 64;
/** More clients that pause: so their rate stays the same whoever is between. */
const pausingConnections = 200;
/** Latency is measured in more turns, so that what else the machine does falls into few of them. */
const latencyTurnsPerRound = 3;
const startLimitMs = 30_000;

export const endpoint: Benchmark = {
  name: 'endpoint',
  about: `
What the way through the endpoint costs, beside HAProxy (TCP mode) and a direct connection.

- \`requests_per_cpu_s_keepalive\`, \`requests_per_cpu_s_connect\`: requests per second of processor time
  of the process in between, over connections that stay open, and with a connection for each.
- \`p99_added_ms\`: what it adds to the 99th percentile of latency over a direct connection, at half
  of the most requests per second that the slowest of them can do: the same rate for all, by 200
  clients that pause between requests, so that nobody's delay keeps others from asking.

Clients, endpoint and the program behind it share the machine's cores. Whatever else runs there
delays each of them by milliseconds now and then, which shows in \`p99_added_ms\` of everybody: read it
beside HAProxy's, and only from a quiet machine. It is measured in three times as many turns as there
are rounds, half as long, each against the direct connection of the same turn. The client wakes up
once in a millisecond and then sends all that is due at once: that alone makes requests wait for each
other, whoever is in between.
`,
  peers: ['haproxy', 'direct'],
  settings: { rounds: 5, seconds: 5 },
  goals: [
    {
      text: '`requests_per_cpu_s_keepalive` at least 0.8 × HAProxy',
      reached: ({ ratios }) =>
        (ratios['daruma/haproxy']?.['requests_per_cpu_s_keepalive'] ?? 0) >= 0.8,
    },
    {
      text: '`requests_per_cpu_s_connect` at least 0.6 × HAProxy',
      reached: ({ ratios }) =>
        (ratios['daruma/haproxy']?.['requests_per_cpu_s_connect'] ?? 0) >= 0.6,
    },
    { text: '`p99_added_ms` at most 1', reached: atMost('daruma', 'p99_added_ms', 1) },
  ],
  run: async (run) => {
    const body = await answeringProgram();
    const stages: Stage[] = [];
    for (const contender of run.contenders) {
      const { name } = contender;
      const stage = await run.attempt(name, 'start', async () => {
        const opened = await Stage.open(contender, { check: true, body });
        await untilConnected(opened.port, startLimitMs);
        await warm(opened);
        return opened;
      });
      if (stage !== null) stages.push(stage);
    }
    const requestsPerSecond = await measureThroughput(run, stages);
    await measureLatency(run, stages, requestsPerSecond / 2);
    await closeAll(run, stages);
  },
};

/** Nobody's first seconds count. */
async function warm(stage: Stage): Promise<void> {
  for (const keepAlive of [true, false]) {
    await loaded(stage, { port: stage.port, seconds: 3, connections, keepAlive, pauseMs: 0 });
  }
}

/** Answers faster than anybody between it and the client. */
export async function answeringProgram(): Promise<(fifo: string) => string> {
  const { argv } = await haproxyPackage();
  const lines = [
    'global',
    '  nbthread 2',
    '  maxconn 2000',
    'defaults',
    '  mode http',
    '  timeout client 1h',
    'frontend answers',
    '  bind "127.0.0.1:${PORT}"',
    '  http-request return status 200 content-type text/plain string ok',
  ];
  return (fifo) => {
    const file = `${fifo}.answers.cfg`;
    writeFileSync(file, `${lines.join('\n')}\n`);
    return `PORT="$1"; export PORT\nexec ${argv.join(' ')} -db -f '${file}'\n`;
  };
}

/** Returns the slowest one's median of requests per second with keep-alive. */
async function measureThroughput(run: Run, stages: readonly Stage[]): Promise<number> {
  const rates = new Map<string, number[]>();
  for (const [figure, keepAlive] of [
    ['requests_per_cpu_s_keepalive', true],
    ['requests_per_cpu_s_connect', false],
  ] as const) {
    await interleaved(stages, run.settings.rounds, (stage) => {
      const { name } = stage.contender;
      return run.attempt(name, figure, async () => {
        const rate = await saturated(run, stage, figure, keepAlive);
        if (keepAlive) rates.set(name, [...(rates.get(name) ?? []), rate]);
      });
    });
  }
  return Math.min(...[...rates.values()].map(median));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

async function saturated(run: Run, stage: Stage, figure: string, keepAlive: boolean) {
  const { seconds } = run.settings;
  const pid = stage.supervision.gateway?.();
  const before = pid === undefined ? 0 : cpuMs([pid]);
  const load = { port: stage.port, seconds, connections, keepAlive, pauseMs: 0 };
  const result = await loaded(stage, load);
  if (pid !== undefined) {
    const cpuS = (cpuMs([pid]) - before) / 1_000;
    run.tally.add(stage.contender.name, figure, result.requests / cpuS);
  }
  return result.requests / result.seconds;
}

async function measureLatency(run: Run, stages: readonly Stage[], perSecond: number) {
  const pauseMs = Math.max(1, Math.round((1_000 * pausingConnections) / perSecond));
  const turns = run.settings.rounds * latencyTurnsPerRound;
  const seconds = Math.ceil(run.settings.seconds / 2);
  for (let turn = 0; turn < turns; turn += 1) {
    const p99 = new Map<string, number>();
    const first = turn % stages.length;
    const inTurn = [...stages.slice(first), ...stages.slice(0, first)];
    await interleaved(inTurn, 1, (stage) =>
      run.attempt(stage.contender.name, 'half load', async () => {
        const { port } = stage;
        const load = { port, seconds, connections: pausingConnections, keepAlive: true, pauseMs };
        p99.set(stage.contender.name, (await loaded(stage, load)).p99Ms);
      }),
    );
    const direct = p99.get('direct');
    if (direct === undefined) continue;
    for (const [name, ms] of p99) {
      if (name !== 'direct') run.tally.add(name, 'p99_added_ms', ms - direct);
    }
  }
}

async function loaded(stage: Stage, load: WrkLoad) {
  const result = await wrk(stage.directory, load);
  if (result.errors > 0) throw new Error(`${result.errors} requests failed`);
  return result;
}
