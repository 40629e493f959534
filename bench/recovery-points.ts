/**
 * `recovery-points`: 5,000 files are copied, copied again when nothing or one file has changed, and
 * brought back.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Run } from './benchmark.ts';
import type { CopyContender, CopyTool } from './copies/contender.ts';
import { daruma } from './copies/daruma.ts';
import { changeOne, makeData } from './copies/data.ts';
import { cp, tarZstd } from './copies/plain.ts';
import { bytesIn, CopyStage, type Taken } from './copies/stage.ts';
import { restic } from './peers/restic.ts';

export const recoveryPoints: Benchmark = {
  name: 'recovery-points',
  about: `
A directory of 5,000 files, 479 MB in all, half of them text, half of what can't be made smaller. Each
figure is of whole commands, from their start to their end, with the files in the page cache. Daruma and
restic encrypt, check what they wrote, and keep increments; \`tar | zstd -3\` and \`cp -a\` do none of that
and are there as a measure of the machine.

- \`full_ms\`: the first copy.
- \`unchanged_ms\`: another when nothing has changed.
- \`changed_ms\`: another when one file of 96 kB has changed.
- \`restore_ms\`: the newest copy into an empty directory; what comes back is compared with the data.
- \`size_mb\`: what all three copies take up together.
- \`rss_mb\`: the most memory that the processes of any of these commands took, together.
`,
  peers: ['restic', 'tar-zstd', 'cp'],
  copies: { daruma, restic, 'tar-zstd': tarZstd, cp },
  settings: { rounds: 5, seconds: 0 },
  goals: [
    againstRestic('full_ms', 0.7),
    againstRestic('unchanged_ms', 1),
    againstRestic('changed_ms', 1),
    againstRestic('restore_ms', 1),
    againstRestic('size_mb', 1),
    {
      text: '`rss_mb` at most 320 in every run',
      reached: ({ figures }) => (figures['daruma']?.['rss_mb']?.max ?? Infinity) <= 320,
    },
  ],
  run: async (run) => {
    const stage = new CopyStage();
    // What is removed makes the file system slow to find room for what is made right after: all
    // stays until the end, some 3 GB a round.
    const stages = [stage];
    try {
      const data = join(stage.directory, 'data');
      makeData(data);
      for (let round = 0; round < run.settings.rounds; round += 1) {
        for (let turn = 0; turn < run.copies.length; turn += 1) {
          const contender = run.copies[(round + turn) % run.copies.length];
          if (contender === undefined) continue;
          const own = new CopyStage();
          stages.push(own);
          await measure(run, contender, { stage: own, data, round });
        }
      }
    } finally {
      for (const one of stages) await one.close();
    }
  },
};

function againstRestic(figure: string, most: number): Benchmark['goals'][number] {
  return {
    text: `\`${figure}\` at most ${most} × restic's`,
    reached: ({ ratios }) => (ratios['daruma/restic']?.[figure] ?? Infinity) <= most,
  };
}

interface Turn {
  /** Its own. */
  readonly stage: CopyStage;
  readonly data: string;
  readonly round: number;
}

async function measure(run: Run, contender: CopyContender, { stage, data, round }: Turn) {
  const { name } = contender;
  await run.attempt(name, `round ${round + 1}`, async () => {
    const tool = await contender.open(stage.directory);
    const into = join(stage.directory, 'restored');
    const peaks: number[] = [];
    const take = async (figure: string, command: ReturnType<CopyTool['save']>) => {
      // What others wrote before is not to be written on their time.
      execFileSync('sync');
      const taken: Taken = await stage.run(command);
      run.tally.add(name, figure, taken.ms);
      peaks.push(taken.peakBytes);
    };
    await take('full_ms', tool.save(data));
    if (tool.incremental) {
      await take('unchanged_ms', tool.save(data));
      changeOne(data, round);
      await take('changed_ms', tool.save(data));
    }
    await take('restore_ms', tool.restore(into));
    run.tally.add(name, 'size_mb', bytesIn(tool.repository) / 1e6);
    run.tally.add(name, 'rss_mb', Math.max(...peaks) / 1e6);
    compare(data, into);
  });
}

/** Throws when something differs. Some put the directory's name, or its whole path, before. */
function compare(data: string, into: string): void {
  const place = [into, join(into, 'data'), join(into, data)].findLast((each) => existsSync(each));
  execFileSync('diff', ['-r', data, place ?? into], { stdio: ['ignore', 'ignore', 'inherit'] });
}
