/**
 * `idle`: what it costs to supervise programs that do nothing: processor time (`cpu_percent` of one
 * core) and memory (`pss_mb`, `rss_mb`, in 10⁶ bytes) of all the supervisor's processes together,
 * without those of the programs. For 20 and 200 programs, and for 200 with an HTTP check of each
 * every second where the supervisor knows checks.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs, memory } from './accounting.ts';
import { atMost, type Benchmark, type Run } from './benchmark.ts';
import type { Contender } from './contenders/contender.ts';
import { Stage } from './stage.ts';
import { until } from './wait.ts';

const startLimitMs = 180_000;
/** Past what follows a start. */
const settleMs = 20_000;
/** Node.js has compiled what runs again and again as well as it ever will. */
const steadyMs = 120_000;
const supervisorsThatCheck = ['daruma', 'daruma-package', 'monit'];

export const idle: Benchmark = {
  name: 'idle',
  about: `
What it costs to supervise programs that do nothing: 20 and 200 of them, and the same with an HTTP
check of each every second (\`-checks\`) where the supervisor knows checks. All of the supervisor's
processes together, without the programs.

- \`cpu_percent\`: processor time, in percent of one core, over 30 s that begin two minutes after the
  start, when Node.js has compiled what runs often.
- \`cpu_percent_at_first\`: the same over 30 s that begin 20 s after the start.
- \`pss_mb\`, \`rss_mb\`: memory, in 10⁶ bytes. What processes share (their program, libraries) counts
  in \`rss_mb\` for each of them, in \`pss_mb\` once. Daruma's has the shells that wait, for 32 of the
  programs, to become their next run.

All programs are checked at one server, which answers at once.
`,
  peers: ['daruma-package', 'pm2', 'supervisord', 'monit'],
  settings: { rounds: 2, seconds: 30 },
  goals: [
    {
      text: '`cpu_percent` of daruma-200 at most 1',
      reached: atMost('daruma-200', 'cpu_percent', 1),
    },
    {
      text: '`cpu_percent` of daruma-200-checks at most 2.5',
      reached: atMost('daruma-200-checks', 'cpu_percent', 2.5),
    },
    {
      text: '`pss_mb` of both at most 130',
      reached: (result) =>
        ['daruma-200', 'daruma-200-checks'].every((name) => atMost(name, 'pss_mb', 130)(result)),
    },
  ],
  run: async (run) => {
    const server = createServer((_, response) => response.end('ok'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (let round = 0; round < run.settings.rounds; round += 1) {
      for (const contender of run.contenders) await measureAll(run, contender, port);
    }
    server.close();
  },
};

async function measureAll(run: Run, contender: Contender, port: number): Promise<void> {
  const checks = supervisorsThatCheck.includes(contender.name);
  for (const count of [20, 200]) {
    for (const watchedPort of checks ? [null, port] : [null]) {
      const subject = `${contender.name}-${count}${watchedPort === null ? '' : '-checks'}`;
      await run.attempt(subject, 'idle', () =>
        measure(run, contender, subject, count, watchedPort),
      );
    }
  }
}

async function measure(
  { tally, settings }: Run,
  contender: Contender,
  subject: string,
  count: number,
  watchedPort: number | null,
): Promise<void> {
  const stage = await Stage.open(contender, {
    check: false,
    count,
    ...(watchedPort === null ? {} : { watchedPort }),
    body: () => 'exec sleep 1000000\n',
  });
  const { fifo } = stage;
  await until('all programs', startLimitMs, () => fifo.count('boot', 0) === count || null);
  await pause(settleMs);
  const programs = new Set(fifo.lines.map(({ pid }) => pid));
  const own = stage.processes().filter((pid) => !programs.has(pid));
  const windowMs = settings.seconds * 1_000;
  tally.add(subject, 'cpu_percent_at_first', await cpuPercent(own, windowMs));
  await pause(steadyMs - settleMs - windowMs);
  tally.add(subject, 'cpu_percent', await cpuPercent(own, windowMs));
  const { pssBytes, rssBytes } = memory(own);
  tally.add(subject, 'pss_mb', pssBytes / 1e6);
  tally.add(subject, 'rss_mb', rssBytes / 1e6);
  await stage.close();
}

async function cpuPercent(pids: readonly number[], windowMs: number): Promise<number> {
  const before = { at: performance.now(), cpuMs: cpuMs(pids) };
  await pause(windowMs);
  return (100 * (cpuMs(pids) - before.cpuMs)) / (performance.now() - before.at);
}
