/**
 * `restart`: from kill -9 until a new process runs (`react_ms`), from there until it listens
 * (`start_ms`, the service's own doing), and from kill to answer (`total_ms`).
 */
import { type Benchmark, closeAll, interleaved, type Run } from './benchmark.ts';
import { untilAnswered } from './client.ts';
import { kill } from './marked.ts';
import { Stage } from './stage.ts';
import { restUntil } from './wait.ts';

/** Kills come further apart than the second that runit, pm2 and supervisord ask for. */
const restMs = 1_500;
const limitMs = 30_000;

export const restart: Benchmark = {
  name: 'restart',
  about: `
The service is killed with \`kill -9\`, more than a second after its last start.

- \`react_ms\`: until a new process runs (its first act is seen).
- \`start_ms\`: from there until it listens: the service's own doing.
- \`total_ms\`: from the kill until a client is answered. With Daruma that includes the health check
  that lets the endpoint lead there.

Restarts are frequent here, on purpose: Daruma's budget is raised (\`max_actions\`) and a run of one
second counts as a good one (\`reset_after\`), as it does with runit, pm2 and supervisord.
`,
  peers: ['runit', 'pm2', 'supervisord', 'monit', 'shell-loop'],
  settings: { rounds: 20, seconds: 0 },
  goals: [
    {
      text: '`react_ms` at most 1.0 × runit',
      reached: ({ ratios }) => (ratios['daruma/runit']?.['react_ms'] ?? 99) <= 1,
    },
  ],
  run: async (run) => {
    const stages: Stage[] = [];
    for (const contender of run.contenders) {
      const scene = { check: true, manyFaults: true };
      const stage = await run.attempt(contender.name, 'start', () => Stage.open(contender, scene));
      if (stage !== null) stages.push(stage);
    }
    await interleaved(stages, run.settings.rounds, (stage) => {
      const { name } = stage.contender;
      return run.attempt(name, 'kill', () => measure(run, name, stage));
    });
    await closeAll(run, stages);
  },
};

async function measure({ tally }: Run, name: string, stage: Stage): Promise<void> {
  const { fifo, port } = stage;
  const { pid, at } = await stage.answering();
  await restUntil(at + restMs);
  const killedAt = performance.now();
  kill(pid);
  const boot = await fifo.next('boot', killedAt, limitMs);
  const answeredAt = await untilAnswered(port, pid, limitMs);
  const listening = await fifo.next('listening', boot.at, limitMs);
  tally.add(name, 'react_ms', boot.at - killedAt);
  tally.add(name, 'start_ms', listening.at - boot.at);
  tally.add(name, 'total_ms', answeredAt - killedAt);
}
