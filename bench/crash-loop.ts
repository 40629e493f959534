/**
 * `crash-loop`: how often a program that always fails (after 100 ms) is started within 40 s
 * (`starts_40s`), how that ends, and how long after its file is mended it runs (`mended_after_ms`;
 * absent: not within two and a half minutes).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Run } from './benchmark.ts';
import { type Scene, Stage } from './stage.ts';

const alwaysFails: Scene = { check: false, body: () => 'sleep 0.1\nexit 1\n' };
const mendLimitMs = 150_000;

export const crashLoop: Benchmark = {
  name: 'crash-loop',
  about: `
A program that always fails, 100 ms after its start.

- \`starts_40s\`: how often it is started within 40 s of its first start.
- ends at: what the contender says of it then.
- \`mended_after_ms\`: its file is then replaced by one that works; how long until that runs. Absent:
  not within two and a half minutes.
`,
  peers: ['runit', 'pm2', 'supervisord', 'shell-loop'],
  settings: { rounds: 1, seconds: 40 },
  goals: [
    {
      text: '`starts_40s` at most 6',
      reached: ({ figures }) => (figures['daruma']?.['starts_40s']?.max ?? 99) <= 6,
    },
    {
      text: 'ends at needs-person',
      reached: ({ end_states }) => end_states['daruma'] === 'needs-person',
    },
    {
      text: 'runs again by itself once its file is mended',
      reached: ({ figures }) => figures['daruma']?.['mended_after_ms'] !== undefined,
    },
  ],
  run: async (run) => {
    for (let round = 0; round < run.settings.rounds; round += 1) {
      // Side by side: nearly all of it is waiting.
      const measured = run.contenders.map((contender) =>
        run.attempt(contender.name, 'crash loop', () =>
          Stage.during(contender, alwaysFails, (stage) => measure(run, stage)),
        ),
      );
      await Promise.all(measured);
    }
  },
};

async function measure({ tally, settings, endStates }: Run, stage: Stage): Promise<void> {
  const { fifo } = stage;
  const { name } = stage.contender;
  const windowMs = settings.seconds * 1_000;
  const begunAt = fifo.lines[0]?.at ?? 0;
  await pause(Math.max(0, begunAt + windowMs - performance.now()));
  const starts = fifo.lines.filter(({ at }) => at <= begunAt + windowMs).length;
  tally.add(name, `starts_${settings.seconds}s`, starts);
  endStates.set(name, await stage.supervision.state());
  const mendedAt = performance.now();
  stage.replaceScript((path) => `echo "works $$" >'${path}'\nexec sleep 1000000\n`);
  const works = await fifo.next('works', mendedAt, mendLimitMs).catch(() => null);
  if (works !== null) tally.add(name, 'mended_after_ms', works.at - mendedAt);
}
