/** A case from a seed: a random stack and random faults, some kinds switched off (swarm). In cases
 * of a seed that begins with `g`, one service has a primary and standbys. */
import type { Case } from './case.ts';
import { Dice } from './dice.ts';
import { makeGroupCase } from './groups/make-group.ts';
import { makeExtras } from './make-extras.ts';
import { makeFaults } from './make-faults.ts';
import { makeStack } from './make-stack.ts';

export function makeCase(seed: string): Case {
  if (seed.startsWith('g')) return makeGroupCase(seed);
  const dice = new Dice(seed);
  const made = makeStack(dice.of('stack'));
  const quietAt = dice.of('length').between(60_000, 240_000);
  const extras = makeExtras(dice.of('extras'), made, quietAt);
  const { spec, programs } = extras;
  const drawn = makeFaults(dice.of('faults'), { spec, programs, quietAt });
  return { seed, spec, programs, faults: [...drawn, ...extras.faults], quietAt };
}
