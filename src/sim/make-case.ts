/** A case from a seed: a random stack and random faults, some kinds switched off (swarm). */
import type { Case } from './case.ts';
import { Dice } from './dice.ts';
import { makeFaults } from './make-faults.ts';
import { makeStack } from './make-stack.ts';

export function makeCase(seed: string): Case {
  const dice = new Dice(seed);
  const { spec, programs } = makeStack(dice.of('stack'));
  const quietAt = dice.of('length').between(60_000, 240_000);
  const faults = makeFaults(dice.of('faults'), { spec, programs, quietAt });
  return { seed, spec, programs, faults, quietAt };
}
