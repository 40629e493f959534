/** A thread that tells stories. */
import { parentPort } from 'node:worker_threads';
import type { Knowledge } from '../../model/knowledge.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import { Dice } from '../dice.ts';
import { breakages, programsOf } from './assumptions.ts';
import type { Hazard } from './hazards.ts';
import { type StoryOptions, type StoryResult, tellStory } from './story.ts';

/** One story of a stack in which everything is managed. */
export interface Job {
  readonly spec: StackSpec;
  readonly seed: number;
  readonly hazard: Hazard;
  readonly knowledge?: Knowledge;
}

export interface Told extends StoryResult {
  readonly seed: number;
}

/** The same seed and hazard make the same story. */
export function storyOf({ spec, seed, hazard, knowledge }: Job): StoryOptions {
  const dice = new Dice(`stack ${seed}`);
  const service = spec.services.find(({ name }) => name === hazard.service);
  return {
    seed: String(seed),
    spec,
    programs: programsOf(spec, dice.of('programs')),
    ...(knowledge === undefined ? {} : { knowledge }),
    breakages: service === undefined ? [] : breakages(dice.of('fault'), service, hazard),
  };
}

parentPort?.on('message', (job: Job) => {
  void tellStory(storyOf(job)).then((result) =>
    parentPort?.postMessage({ ...result, seed: job.seed } satisfies Told),
  );
});
