/**
 * `console-crowd`: whether a service is mended as fast while 200 browsers look on and 500 requests
 * come each second as when nobody does.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Run } from './benchmark.ts';
import { asksPerSecond, Onlookers, watchers } from './console/onlookers.ts';
import { Place } from './console/place.ts';
import { kill } from './marked.ts';
import { until } from './wait.ts';

const killsPerRound = 5;
const services = 120;
const restMs = 300;
const lookAgainMs = 200;
const incidentsMax = 200;
const limitMs = 60_000;

type Who = 'daruma' | 'unwatched';

export const consoleCrowd: Benchmark = {
  name: 'console-crowd',
  about: `
${killsPerRound} of ${services} services are killed (\`kill -9\`), one after the other, while ${watchers} clients have the live
events open, as a browser has, and ${asksPerSecond} requests a second come for what pages show, all by a token
and from another process of the same machine; and, in turns, while nobody looks (\`unwatched\`).

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
    await killSome(run, place, who);
    return;
  }
  const crowd = await Onlookers.gather(place);
  try {
    await killSome(run, place, who);
    await pause(restMs); // The end of the last one is told too.
    const { answersPerSecond, p99Ms, failed, told } = await crowd.result();
    run.tally.add(who, 'answers_per_s', answersPerSecond);
    run.tally.add(who, 'answer_ms_p99', p99Ms);
    run.tally.add(who, 'failed', failed);
    run.tally.add(who, 'told', told / killsPerRound);
  } finally {
    crowd.close();
  }
}

let turn = 0;

interface Killed {
  readonly name: string;
  /** By the clock on the wall. */
  readonly at: number;
}

/** Another service each time, none of them needed by others. */
async function killSome(run: Run, place: Place, who: Who): Promise<void> {
  const { services: all } = await place.client.stack();
  const ends = all.filter(({ dependsOn }) => dependsOn.length > 0);
  const killed: Killed[] = [];
  for (let count = 0; count < killsPerRound; count += 1) {
    await pause(restMs);
    const { name, instances } = ends[turn % ends.length] ?? {};
    turn += 1;
    const pid = instances?.[0]?.pid ?? null;
    if (name === undefined || pid === null) throw new Error('there is nothing to kill');
    const [at, since] = [Date.now(), performance.now()];
    kill(pid);
    const boot = await place.stage.fifo.next('boot', since, limitMs);
    run.tally.add(who, 'react_ms', boot.at - since);
    killed.push({ name, at });
  }
  for (const one of killed) {
    const recovered = await until(`the end of what befell ${one.name}`, limitMs, () =>
      recoveredAt(place, one),
    );
    run.tally.add(who, 'recovered_ms', recovered - one.at);
  }
}

/** Null: its incident is not over yet. */
async function recoveredAt({ client }: Place, { name, at }: Killed): Promise<number | null> {
  const incidents = await client.incidents(incidentsMax);
  const own = incidents.find(({ component }) => component === `${name}/1`);
  if (own?.resolved != null && own.resolved > at) return own.recovered;
  await pause(lookAgainMs);
  return null;
}
