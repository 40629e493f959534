/** Makes a failing case smaller while it fails the same check: fewer faults, a smaller stack. */
import { type Case, type Cut, cutCase, noCut } from './case.ts';
import { makeCase } from './make-case.ts';
import { type RunOptions, type RunResult, runCase } from './run.ts';

export interface Shrunk {
  readonly cut: Cut;
  readonly given: Case;
  readonly result: RunResult;
}

/** Runs at most so many smaller cases. */
const runsMax = 150;

export async function shrink(
  seed: string,
  from: Cut = noCut,
  options: RunOptions = {},
): Promise<Shrunk> {
  const whole = makeCase(seed);
  const given = cutCase(whole, from);
  const first = await runCase(given, options);
  const checker = first.violations[0]?.checker;
  let best: Shrunk = { cut: from, given, result: first };
  let runs = 0;
  const tryCut = async (cut: Cut): Promise<boolean> => {
    if (runs >= runsMax) return false;
    runs += 1;
    const smaller = cutCase(whole, cut);
    if (smaller.spec.services.length === 0) return false;
    const result = await runCase(smaller, options);
    if (!result.violations.some((one) => one.checker === checker)) return false;
    best = { cut, given: smaller, result };
    return true;
  };
  if (checker === undefined) return best;
  const ids = given.faults.map((fault) => fault.id);
  const faults = await fewest(ids, (kept) => tryCut({ ...best.cut, faults: kept }));
  await tryCut({ ...best.cut, faults, single: true });
  const names = given.spec.services.map((service) => service.name);
  await fewest(names, (kept) => tryCut({ ...best.cut, services: kept }));
  return best;
}

/** Leaves out chunks, ever smaller ones, as long as `holds` without them (after Zeller's ddmin). */
async function fewest<T>(
  list: readonly T[],
  holds: (kept: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = list;
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let start = 0; start < kept.length; ) {
      const without = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (await holds(without)) kept = without;
      else start += size;
    }
  }
  return kept;
}
