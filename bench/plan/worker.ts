/** A thread that plays the incidents of whole stacks, with each strategy. */
import { parentPort } from 'node:worker_threads';
import { noKnowledge } from '../../src/learn/lessons.ts';
import type { Knowledge } from '../../src/model/knowledge.ts';
import { personMs, unnoticedMs } from '../../src/sim/forecast/assumptions.ts';
import { type StoryOptions, type StoryResult, tellStory } from '../../src/sim/forecast/story.ts';
import { Fleet, type Strategy } from './fleet.ts';
import { ladder, oracle, restartAll } from './strategies.ts';
import { type Incident, incident, type TrueStack, trueStack } from './truth.ts';

export interface Job {
  readonly stack: number;
  /** Incidents in which each strategy is measured. */
  readonly incidents: number;
}

const lessons = [0, 10, 100] as const;
/** By strategy: downtime of all instances in all incidents together. */
export type Played = Readonly<Record<string, number>>;

/** What goes on by itself after a person was asked. */
const afterAskMs = 300_000;

parentPort?.on('message', (job: Job) => {
  void play(job).then((played) => parentPort?.postMessage(played));
});

async function play({ stack: number, incidents }: Job): Promise<Played> {
  const stack = trueStack(`plan ${number}`);
  const learned = await learn(stack, number);
  const sums: Record<string, number> = {};
  for (let index = 1; index <= incidents; index += 1) {
    const given = incident(stack, `plan ${number} ${index}`);
    const others = { ladder: ladder(), restart_all: restartAll(), oracle: oracle(given.truth) };
    for (const [name, strategy] of Object.entries(others))
      sums[name] = (sums[name] ?? 0) + downMs(await withStrategy(stack, given, strategy));
    for (const [count, knowledge] of learned)
      sums[count] = (sums[count] ?? 0) + downMs(await withOurs(stack, given, knowledge));
  }
  return sums;
}

/** What is known after so many incidents, others than those measured. */
async function learn(stack: TrueStack, number: number): Promise<Map<number, Knowledge>> {
  const known = new Map<number, Knowledge>();
  let knowledge = noKnowledge();
  for (let count = 0; count <= Math.max(...lessons); count += 1) {
    if (lessons.some((one) => one === count)) known.set(count, knowledge);
    const given = incident(stack, `lesson ${number} ${count}`);
    knowledge = (await withOurs(stack, given, knowledge)).knowledge;
  }
  return known;
}

function withOurs(stack: TrueStack, given: Incident, knowledge: Knowledge): Promise<StoryResult> {
  return tellStory({ ...storyOf(stack, given), knowledge: structuredClone(knowledge) });
}

function withStrategy(stack: TrueStack, given: Incident, strategy: Strategy): Promise<StoryResult> {
  const fleet = new Fleet(strategy);
  return tellStory({ ...storyOf(stack, given), other: fleet });
}

function storyOf({ spec, programs }: TrueStack, given: Incident): StoryOptions {
  const { seed, breakages, truth, works } = given;
  const mends = (name: string, target: string) => target === truth.target && works.has(name);
  return { seed, spec, programs, breakages, mends, afterAskMs };
}

function downMs({ instancesDownMs, instancesStillDown, ending }: StoryResult): number {
  const untilMendedMs = ending === 'unnoticed' ? unnoticedMs : personMs;
  return instancesDownMs + instancesStillDown * untilMendedMs;
}
