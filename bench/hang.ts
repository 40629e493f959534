/**
 * `hang`: from the moment at which the service hangs until a client is answered again. Stopped by
 * SIGSTOP after a while (`recovered_ms`) and within three seconds of its start
 * (`recovered_early_ms`), or blocked in a request (`recovered_blocked_ms`), which the kernel can't
 * tell from waiting.
 *
 * With a second instance beside it: the last new connection that the endpoint still led to the hung
 * one (`ejected_ms`, `ejected_blocked_ms`; 0: none).
 */
import { type Benchmark, closeAll, interleaved, type Run } from './benchmark.ts';
import { ask } from './client.ts';
import type { Contender } from './contenders/contender.ts';
import type { Line } from './fifo.ts';
import { kill } from './marked.ts';
import { Stage } from './stage.ts';
import { restUntil, until } from './wait.ts';

const everyMs = 20;
const limitMs = 60_000;
/** After this the service is settled: no restart before counts against it. */
const settledMs = 12_000;
/** Who is not answered within this time gives up: it has met the hung one. */
const unansweredMs = 3_000;

type Hang = (stage: Stage, service: Line) => void;

const stop: Hang = (_, { pid }) => {
  kill(pid, 'SIGSTOP');
};
const block: Hang = ({ port }) => {
  void ask(port, unansweredMs, '/block');
};

export const hang: Benchmark = {
  name: 'hang',
  about: `
The service hangs; clients come every 20 ms and give up after 3 s.

- \`recovered_ms\`: from SIGSTOP, after at least 12 s of a good life, until a client is answered.
- \`recovered_early_ms\`: the same, at a moment within 3 s of the start.
- \`recovered_blocked_ms\`: the service blocks in a request instead. The kernel doesn't tell this from
  waiting, so only its silence shows it.
- \`ejected_ms\`, \`ejected_blocked_ms\`: with a second instance behind the endpoint, the age of the hang
  when the endpoint led the last new connection to the hung instance (0: none).
- \`start_ms\`: the service's own start-up, which is part of each recovery.

pm2, supervisord, runit and a shell loop don't look whether a service answers, so they are not here.
`,
  peers: ['monit'],
  settings: { rounds: 4, seconds: 0 },
  goals: ['recovered_ms', 'recovered_early_ms', 'recovered_blocked_ms'].map((figure) => ({
    text: `\`${figure}\` at most 1,600 plus \`start_ms\``,
    reached: ({ figures }) => {
      const own = figures['daruma'];
      const startMs = own?.['start_ms']?.median ?? 0;
      return (own?.[figure]?.median ?? Number.POSITIVE_INFINITY) <= 1_600 + startMs;
    },
  })),
  run: async (run) => {
    for (let round = 0; round < run.settings.rounds; round += 1) {
      const stages: Stage[] = [];
      for (const contender of run.contenders) {
        const { name } = contender;
        const stage = await run.attempt(name, 'start', () => openAndHang(run, contender, round));
        if (stage !== null) stages.push(stage);
      }
      for (const [figure, act] of [
        ['recovered_ms', stop],
        ['recovered_blocked_ms', block],
      ] as const) {
        await interleaved(stages, 1, (stage) => {
          const { name } = stage.contender;
          return run.attempt(name, figure, () => settleAndHang(run, stage, figure, act));
        });
      }
      await closeAll(run, stages);
      await ejection(run);
    }
  },
};

async function openAndHang(run: Run, contender: Contender, round: number): Promise<Stage> {
  const stage = await Stage.open(contender, { check: true });
  try {
    const service = await stage.answering();
    await restUntil(service.at + youngMs(round));
    run.tally.add(contender.name, 'recovered_early_ms', await recovered(stage, service, stop));
    return stage;
  } catch (error) {
    await stage.close();
    throw error;
  }
}

/** Another age in each round, spread over the first three seconds. */
function youngMs(round: number): number {
  return 300 + 2_600 * ((round * 0.618) % 1);
}

async function settleAndHang(run: Run, stage: Stage, figure: string, act: Hang): Promise<void> {
  const service = await stage.answering();
  const listening = await stage.fifo.next('listening', service.at, limitMs);
  run.tally.add(stage.contender.name, 'start_ms', listening.at - service.at);
  await restUntil(service.at + settledMs + Math.random() * 1_000);
  run.tally.add(stage.contender.name, figure, await recovered(stage, service, act));
}

async function recovered(stage: Stage, service: Line, act: Hang): Promise<number> {
  const load = stage.load(everyMs, unansweredMs);
  const hungAt = performance.now();
  act(stage, service);
  try {
    const first = await load.first(limitMs, ({ pid }) => pid !== null && pid !== service.pid);
    return first.endedAt - hungAt;
  } finally {
    void load.stop();
  }
}

async function ejection(run: Run): Promise<void> {
  const own = run.contenders.find(({ name }) => name === 'daruma');
  if (own === undefined) return;
  await run.attempt(own.name, 'ejection', async () => {
    await Stage.during(own, { check: true, replicas: 2 }, async (stage) => {
      for (const [figure, act] of [
        ['ejected_ms', stop],
        ['ejected_blocked_ms', block],
      ] as const) {
        await until('two instances', limitMs, () => (allListen(stage) ? true : null));
        const service = await stage.answering();
        await restUntil(service.at + settledMs);
        run.tally.add(own.name, figure, await ejected(stage, service, act));
      }
    });
  });
}

function allListen({ fifo }: Stage): boolean {
  const listening = fifo.count('listening', 0);
  return listening > 1 && listening === fifo.count('boot', 0);
}

async function ejected(stage: Stage, service: Line, act: Hang): Promise<number> {
  const load = stage.load(everyMs / 2, unansweredMs);
  const hungAt = performance.now();
  act(stage, service);
  await stage.fifo.next('boot', hungAt, limitMs);
  const exchanges = await load.stop();
  const unanswered = exchanges.filter(({ pid, sentAt }) => pid === null && sentAt > hungAt);
  return Math.max(0, ...unanswered.map(({ sentAt }) => sentAt - hungAt));
}
