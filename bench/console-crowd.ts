/**
 * `console-crowd`: whether a service is mended as fast while 200 browsers look on and 500 requests
 * come each second as when nobody does.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { IncidentView } from '../src/model/view.ts';
import type { Benchmark, Run } from './benchmark.ts';
import { asksPerSecond, Onlookers, watchers } from './console/onlookers.ts';
import { Place } from './console/place.ts';
import { kill } from './marked.ts';
import { until } from './wait.ts';

const services = 20;
const killsPerRound = 5;
/** Longer than `reset_after`: each kill is the first. */
const restMs = 1_500;
const limitMs = 60_000;

type Who = 'daruma' | 'unwatched';

export const consoleCrowd: Benchmark = {
  name: 'console-crowd',
  about: `
One of ${services} services is killed (\`kill -9\`) while ${watchers} clients have the live events open, as a browser has,
and ${asksPerSecond} requests a second come for what pages show, all by a token and from another process of the same
machine; and, in turns, while nobody looks (\`unwatched\`).

- \`react_ms\`: from the kill until the next process runs, by its own word.
- \`recovered_ms\`: from the kill until the incident's record says that the service has recovered.
- \`answers_per_s\`, \`answer_ms_p99\`: what became of the requests meanwhile; \`failed\`: how many had no good
  answer; \`told\`: how many of the clients were told of the end of each incident.
`,
  peers: [],
  settings: { rounds: 5, seconds: 0 },
  goals: [
    {
      text: 'the median of `react_ms` at most 10 more than unwatched',
      reached: ({ figures }) => later(figures, 'react_ms') <= 10,
    },
    {
      text: 'the median of `recovered_ms` at most 10 more than unwatched',
      reached: ({ figures }) => later(figures, 'recovered_ms') <= 10,
    },
    {
      text: 'all requests are answered, all clients told',
      reached: ({ figures }) =>
        figures['daruma']?.['failed']?.max === 0 && figures['daruma']?.['told']?.min === watchers,
    },
  ],
  run: async (run) => {
    const place = await run.attempt('daruma', `start ${services} services`, () =>
      Place.open({ services, recovers: true }),
    );
    if (place === null) return;
    const both: readonly Who[] = ['unwatched', 'daruma'];
    for (let round = 0; round < run.settings.rounds; round += 1) {
      for (const who of round % 2 === 0 ? both : both.toReversed()) {
        await run.attempt(who, 'kills', () => measure(run, place, who));
      }
    }
    await run.attempt('daruma', 'end', () => place.close());
  },
};

type Figures = Parameters<Benchmark['goals'][number]['reached']>[0]['figures'];

function later(figures: Figures, name: string): number {
  const [watched, unwatched] = (['daruma', 'unwatched'] as const).map(
    (who) => figures[who]?.[name]?.median ?? Number.NaN,
  );
  return (watched ?? Number.NaN) - (unwatched ?? Number.NaN);
}

async function measure(run: Run, place: Place, who: Who): Promise<void> {
  if (who === 'unwatched') {
    for (let index = 0; index < killsPerRound; index += 1) await killOne(run, place, who);
    return;
  }
  const crowd = await Onlookers.gather(place);
  try {
    for (let index = 0; index < killsPerRound; index += 1) await killOne(run, place, who);
    await pause(restMs); // The last of them is told too.
    const { answersPerSecond, p99Ms, failed, told } = await crowd.result();
    run.tally.add(who, 'answers_per_s', answersPerSecond);
    run.tally.add(who, 'answer_ms_p99', p99Ms);
    run.tally.add(who, 'failed', failed);
    run.tally.add(who, 'told', told / killsPerRound);
  } finally {
    crowd.close();
  }
}

async function killOne({ tally }: Run, { stage, client }: Place, who: Who): Promise<void> {
  await pause(restMs);
  const { services: all } = await client.stack();
  const pid = all.at(-1)?.instances[0]?.pid ?? null;
  if (pid === null) throw new Error('there is nothing to kill');
  const before = await client.incidents(1);
  const [at, killedAt] = [performance.now(), Date.now()];
  kill(pid);
  const boot = await stage.fifo.next('boot', at, limitMs);
  const mended = await until('the incident is over', limitMs, async () => {
    const [newest] = await client.incidents(1);
    const isNew = newest !== undefined && newest.id !== before[0]?.id;
    return isNew && newest.state === 'resolved' ? newest : null;
  });
  tally.add(who, 'react_ms', boot.at - at);
  tally.add(who, 'recovered_ms', recoveredAt(mended) - killedAt);
}

function recoveredAt({ recovered }: IncidentView): number {
  if (recovered === null) throw new Error('the incident ended without a recovery');
  return recovered;
}
