/**
 * `console`: the console in a browser with 200 services and 10,000 events, and how many requests
 * its API answers beside a bare route of fastify.
 */
import { globSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { atMost, type Benchmark, type Run } from './benchmark.ts';
import { Place } from './console/place.ts';
import { Rates } from './console/rates.ts';
import { Screen } from './console/screen.ts';
import { kill } from './marked.ts';

const services = 200;
const events = 10_000;
const eventsPerSecond = 500;
/** It is asked, and answered. */
const eventsOfNote = 2;
const killsPerRound = 40;
const restMs = 50;
const files = fileURLToPath(new URL('../dist/web/', import.meta.url));

export const consoleBenchmark: Benchmark = {
  name: 'console',
  about: `
The console in Chromium (without a screen or a graphics card), in front of a real stack of 200 services,
each a process that does nothing and nine in ten of them need another one. Its log has 10,000 events when it
is loaded, and gets 10,000 more (500 in a second) while the page of the stack is open.

- \`load_ms\`: from the navigation of a browser that has never been there, of somebody who is logged in, until
  all services are on the screen. \`load_asleep_ms\`: the same when the API process has to be started for it,
  as nobody has looked for a while.
- \`event_ms_p50\`, \`event_ms_p99\`: from the kill (\`kill -9\`) of a service that is not to be started again
  until its row on the screen says so: the frame with it has been drawn.
- \`frame_ms_p99\`: how long a frame of the screen took, of all while the events came and processes were
  killed; without a hitch it is 17.
- \`requests_per_s\`: \`GET /api/v1/services\` with a token, 32 connections that stay open, beside a route of
  fastify that sends as many bytes, and does nothing else.
- \`bundle_gzip_kb\`: all files of the console, compressed, in 10³ bytes.
`,
  peers: [],
  settings: { rounds: 5, seconds: 3 },
  goals: [
    { text: '`load_ms` below 1,000', reached: atMost('daruma', 'load_ms', 1_000) },
    { text: '`event_ms_p99` at most 200', reached: atMost('daruma', 'event_ms_p99', 200) },
    { text: '`frame_ms_p99` at most 50', reached: atMost('daruma', 'frame_ms_p99', 50) },
    {
      text: '`requests_per_s` at least 0.5 × the bare route’s',
      reached: ({ ratios }) => (ratios['daruma/fastify']?.['requests_per_s'] ?? 0) >= 0.5,
    },
    { text: '`bundle_gzip_kb` at most 250', reached: atMost('daruma', 'bundle_gzip_kb', 250) },
  ],
  run: async (run) => {
    const place = await run.attempt('daruma', `start ${services} services`, () =>
      Place.open({ services, recovers: false }),
    );
    if (place === null) return;
    run.tally.add('daruma', 'bundle_gzip_kb', bundleBytes() / 1e3);
    await run.attempt('daruma', 'a log of many events', () => fill(place, events));
    await run.attempt('daruma', 'on the screen', () => onScreen(run, place));
    await run.attempt('daruma', 'requests', () => requests(run, place));
    await run.attempt('daruma', 'end', () => place.close());
  },
};

function bundleBytes(): number {
  const names = globSync('**/*.*', { cwd: files });
  const sizes = names.map((name) => gzipSync(readFileSync(`${files}${name}`), { level: 9 }).length);
  return sizes.reduce((total, size) => total + size, 0);
}

/** Notes of a person, as many at once as the store writes together. */
async function fill({ client }: Place, count: number): Promise<void> {
  const atOnce = 100 * eventsOfNote;
  for (let left = count; left > 0; left -= atOnce) await note(client, 100);
}

async function note(client: Place['client'], count: number): Promise<void> {
  const notes = Array.from({ length: count }, (_, index) =>
    client.request('bench', { kind: 'note', text: `event ${index} of a benchmark` }),
  );
  await Promise.all(notes);
}

async function onScreen(run: Run, place: Place): Promise<void> {
  const screen = await Screen.open(place);
  try {
    for (let round = 0; round < run.settings.rounds; round += 1) await loads(run, place, screen);
    const page = await screen.page(services);
    await screen.load(page);
    await page.evaluate('void (frames.length = 0)');
    await Promise.all([trickle(place), killMany(run, place, page)]);
    const frames = await page.evaluate<number[]>('frames');
    run.tally.add('daruma', 'frame_ms_p99', quantile(frames, 0.99));
  } finally {
    await screen.close();
  }
}

async function loads({ tally }: Run, place: Place, screen: Screen): Promise<void> {
  const awake = await screen.page(services);
  tally.add('daruma', 'load_ms', await screen.load(awake));
  await awake.context().close();
  const asleep = await screen.page(services);
  place.endApi();
  tally.add('daruma', 'load_asleep_ms', await screen.load(asleep));
  await asleep.context().close();
}

/** Events come all the time. */
async function trickle(place: Place): Promise<void> {
  const atOnce = eventsPerSecond / 25;
  const begunAt = performance.now();
  for (let sent = 0; sent < events; sent += atOnce) {
    await note(place.client, atOnce / eventsOfNote);
    const dueAt = begunAt + ((sent + atOnce) / eventsPerSecond) * 1_000;
    await pause(Math.max(0, dueAt - performance.now()));
  }
}

/** Those at the end of the stack file, which nobody needs. */
async function killMany({ settings, tally }: Run, place: Place, page: Page): Promise<void> {
  const { services: all } = await place.client.stack();
  const ends = all.toReversed().flatMap(({ name, instances }) => {
    const pid = instances[0]?.pid ?? null;
    return pid === null ? [] : [{ name, pid }];
  });
  const count = Math.min(settings.rounds * killsPerRound, services * 0.8);
  const spans: number[] = [];
  for (const { name, pid } of ends.slice(0, count)) {
    const seen = page.evaluate<number>(`seen(${JSON.stringify(name)}, 'needs a person')`);
    await page.evaluate('0'); // The page has taken the order before.
    const killedAt = Date.now();
    kill(pid);
    spans.push((await seen) - killedAt);
    await pause(restMs);
  }
  tally.add('daruma', 'event_ms_p50', quantile(spans, 0.5));
  tally.add('daruma', 'event_ms_p99', quantile(spans, 0.99));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

async function requests({ settings, tally }: Run, place: Place): Promise<void> {
  const rates = await Rates.open(place);
  try {
    const both = ['daruma', 'fastify'] as const;
    for (let round = 0; round < settings.rounds; round += 1) {
      for (const whose of round % 2 === 0 ? both : both.toReversed()) {
        tally.add(whose, 'requests_per_s', await rates.measure(whose, settings.seconds));
      }
    }
  } finally {
    rates.close();
  }
}
