/**
 * `crash-loop`: how often a program that always fails (after 100 ms) is started within 40 s
 * (`starts_40s`), how that ends, and how long after its file is mended it runs (`mended_after_ms`;
 * absent: not within five and a half minutes).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Run } from './benchmark.ts';
import type { Contender } from './contenders/contender.ts';
import { Stage } from './stage.ts';

const mendLimitMs = 330_000;

export const crashLoop: Benchmark = {
  name: 'crash-loop',
  peers: ['runit', 'pm2', 'supervisord', 'shell-loop'],
  settings: { rounds: 1, seconds: 40 },
  run: async (run) => {
    for (let round = 0; round < run.settings.rounds; round += 1) {
      // Side by side: nearly all of it is waiting.
      const measured = run.contenders.map((contender) =>
        run.attempt(contender.name, 'crash loop', () => measure(run, contender)),
      );
      await Promise.all(measured);
    }
  },
};

async function measure({ tally, settings, endStates }: Run, contender: Contender): Promise<void> {
  const { name } = contender;
  const scene = { check: false, body: () => 'sleep 0.1\nexit 1\n' };
  const stage = await Stage.open(contender, scene);
  const { fifo } = stage;
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
  await stage.close();
}
