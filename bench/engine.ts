/**
 * `engine`: what a decision costs, without processes: the engine alone, with the log, and in the
 * simulator. The events are made up beforehand (engine/happenings.ts) and the same in each round.
 */
import { beginLook, type EngineState, initialState, nextTimer, step } from '../src/engine/index.ts';
import type { EngineEvent } from '../src/model/event.ts';
import { makeCase } from '../src/sim/make-case.ts';
import { runCase } from '../src/sim/run.ts';
import type { Benchmark, Run } from './benchmark.ts';
import { applications } from './engine/applications.ts';
import { happenings, type Stream } from './engine/happenings.ts';
import { logPath } from './engine/log-path.ts';

const sizes = [10, 50, 200, 1_000];
const usualSize = 50;
/** As many services in all as the largest stack has. */
const many = { name: '100-stacks-1000', count: 100, size: 10 };
const eventsPerSecond = 200_000;
const loggedEvents = 100_000;
const inFlight = 64;
/** Of the simulator. */
const seeds = 40;

export const engine: Benchmark = {
  name: 'engine',
  about: `
What a decision costs, on one core and without processes. The events are what the engine of a running
stack is told: of each instance one failed check in 60 s, which the next one passes; a symptom in
30 min (half of them log lines, else latency, processor or memory) that lasts 5 to 30 s; a hang or a
crash in 10 h; and all that the engine's own commands and timers lead to. That makes about 88 % probe
results, 6 % answers to checks that it asked for, 3 % beginnings and ends of symptoms, 3 % timers,
starts, stops and exits. The stacks are made of applications of ten services and 18 instances each;
\`daruma-N\` is the engine alone with N services, \`daruma\` that with 50 and the rest.

What a large stack costs more is what a processor costs more whose caches hold less of it. So one
stack of 1,000 services is compared with 100 stacks of 10 whose events come in turn
(\`100-stacks-1000\`): these need as much memory, and no step can see more than 10 services.

- \`steps_per_s\`: calls of \`step\`, each with the look for the next timer, as the controller does; per
  second of the thread's processor time, so that other work on the machine counts less.
- \`logged_events_per_s\`, \`logged_p99_ms\`: through the controller's loop and recorder, the engine and
  the store on its thread, with 64 on their way at any time; until the records are durable.
- \`simulated_hours_per_s\`: the simulator, seeds 1 to ${seeds}, with all its checkers.

Each is measured in all rounds before the next, so that steps run in a process without the rest.
`,
  peers: [],
  settings: { rounds: 5, seconds: 1 },
  goals: [
    goal('at least 300,000 steps/s with 50 services', 'steps_per_s', (value) => value >= 300_000),
    goal('at least 50,000 logged events/s', 'logged_events_per_s', (value) => value >= 50_000),
    goal('of these 99 % within 5 ms', 'logged_p99_ms', (value) => value <= 5),
    {
      text: 'a step costs the same in a stack of 1,000 services as in 100 stacks of 10, within a quarter',
      reached: ({ figures }) => {
        const of = (subject: string) => figures[subject]?.['steps_per_s']?.median ?? Number.NaN;
        return of('daruma-1000') >= 0.75 * of(many.name);
      },
    },
  ],
  run: async (run) => {
    const { settings } = run;
    const count = eventsPerSecond * settings.seconds;
    const streams = sizes.map((size) => ({ size, stream: happen(size, count, 'engine') }));
    const stacks = inTurn(
      Array.from({ length: many.count }, (_, index) =>
        happen(many.size, count / many.count, `engine ${index}`),
      ),
    );
    // One after the other: code that the next one uses too is compiled anew for more than this one.
    const rounds = async (measure: () => Promise<unknown>) => {
      for (let round = 0; round < settings.rounds; round += 1) await measure();
    };
    await rounds(async () => {
      for (const { size, stream } of streams)
        await measureSteps(run, `daruma-${size}`, inTurn([stream]));
      await measureSteps(run, many.name, stacks);
    });
    const usual = streams.find(({ size }) => size === usualSize)?.stream;
    if (usual !== undefined) await rounds(() => measureLog(run, usual));
    await rounds(() => measureSimulator(run));
  },
};

function goal(text: string, figure: string, holds: (value: number) => boolean) {
  return {
    text,
    reached: ({ figures }: Parameters<Benchmark['goals'][number]['reached']>[0]) =>
      holds(figures['daruma']?.[figure]?.median ?? Number.NaN),
  };
}

function happen(size: number, count: number, seed: string): Stream {
  return happenings(applications(size), count, seed);
}

/** What happens in some stacks, in the order of time. */
interface Turns {
  readonly stacks: readonly Stream[];
  readonly events: readonly EngineEvent[];
  /** Of each event: in which of the stacks. */
  readonly places: readonly number[];
}

function inTurn(stacks: readonly Stream[]): Turns {
  const all = stacks.flatMap(({ events }, place) => events.map((event) => ({ event, place })));
  if (stacks.length > 1) all.sort((a, b) => a.event.at - b.event.at);
  return { stacks, events: all.map((one) => one.event), places: all.map((one) => one.place) };
}

function measureSteps(run: Run, subject: string, turns: Turns): Promise<unknown> {
  return run.attempt(subject, 'steps', async () => {
    const { events, places } = turns;
    const states = turns.stacks.map(({ before }) => bringUp(before));
    const begunAt = threadMs();
    for (let index = 0; index < events.length; index += 1) {
      const [state, event] = [states[places[index] ?? 0], events[index]];
      if (state === undefined || event === undefined) continue;
      step(state, event);
      nextTimer(state);
    }
    const perSecond = (1_000 * events.length) / (threadMs() - begunAt);
    run.tally.add(subject, 'steps_per_s', perSecond);
    if (subject === `daruma-${usualSize}`) run.tally.add('daruma', 'steps_per_s', perSecond);
  });
}

function bringUp(before: readonly EngineEvent[]): EngineState {
  const state = initialState();
  beginLook(state, before[0]?.at ?? 0);
  for (const event of before) step(state, event);
  return state;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function measureLog(run: Run, { before, events }: Stream): Promise<unknown> {
  return run.attempt('daruma', 'log', async () => {
    const stream = { before, events: events.slice(0, loggedEvents) };
    const { perSecond, p99Ms } = await logPath(stream, inFlight);
    run.tally.add('daruma', 'logged_events_per_s', perSecond);
    run.tally.add('daruma', 'logged_p99_ms', p99Ms);
  });
}

function measureSimulator(run: Run): Promise<unknown> {
  return run.attempt('daruma', 'simulator', async () => {
    const begunAt = performance.now();
    let simulatedMs = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const result = await runCase(makeCase(String(seed)));
      simulatedMs += result.simulatedMs;
    }
    const hours = simulatedMs / 3_600_000;
    run.tally.add(
      'daruma',
      'simulated_hours_per_s',
      (1_000 * hours) / (performance.now() - begunAt),
    );
  });
}
