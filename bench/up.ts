/**
 * `up`: 200 programs, from the command that starts the supervisor and all of them until the last
 * one runs (`all_running_ms`, by what the programs themselves say).
 */
import { atMost, type Benchmark, type Run } from './benchmark.ts';
import type { Contender } from './contenders/contender.ts';
import { Stage } from './stage.ts';
import { until } from './wait.ts';

const programs = 200;
const limitMs = 120_000;

export const up: Benchmark = {
  name: 'up',
  about: `
200 programs are brought up.

- \`all_running_ms\`: from the command that starts the supervisor until the last program runs, by what
  the programs say themselves.
`,
  peers: ['daruma-package', 'pm2', 'supervisord'],
  settings: { rounds: 5, seconds: 0 },
  goals: [
    {
      text: '`all_running_ms` at most 2,000',
      reached: atMost('daruma', 'all_running_ms', 2_000),
    },
  ],
  run: async (run) => {
    for (let round = 0; round < run.settings.rounds; round += 1) {
      for (const contender of run.contenders) {
        await run.attempt(contender.name, `start ${round + 1}`, () => measure(run, contender));
      }
    }
  },
};

async function measure({ tally }: Run, contender: Contender): Promise<void> {
  const begunAt = performance.now();
  const stage = await Stage.open(contender, {
    check: false,
    count: programs,
    body: () => 'exec sleep 1000000\n',
  });
  await until('all programs', limitMs, () => stage.fifo.count('boot', 0) === programs || null);
  tally.add(contender.name, 'all_running_ms', (stage.fifo.lines.at(-1)?.at ?? 0) - begunAt);
  await stage.close();
}
