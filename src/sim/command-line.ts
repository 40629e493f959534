/** The arguments of `npm run simulate`, and a case as such arguments. */
import { parseArgs } from 'node:util';
import { type Cut, noCut } from './case.ts';
import { makeCase } from './make-case.ts';

export interface Arguments {
  readonly seeds: readonly string[];
  readonly cut: Cut;
  readonly threads: number | null;
  /** Print the log of each run. */
  readonly verbose: boolean;
}

export const usage = `usage: npm run simulate -- [--seeds N] [--from SEED | --seed SEED] [options]
  --seeds N        how many seeds, from --from (1) on; 100 by default
  --seed SEED      only this one; any text
  --faults 2,5     only these faults of it (none: --faults -)
  --services a,c   only these services of it
  --groups         seeds g1, g2, …: a service with a primary and standbys in each
  --single         one instance of each service
  --threads N      worker threads; all cores by default
  --verbose        print what happens
exit codes: 0 all well, 1 crash, 2 usage, 3 safety, 4 liveness, 5 not deterministic`;

const options = {
  seeds: { type: 'string', default: '100' },
  from: { type: 'string', default: '1' },
  seed: { type: 'string' },
  groups: { type: 'boolean', default: false },
  faults: { type: 'string' },
  services: { type: 'string' },
  single: { type: 'boolean', default: false },
  threads: { type: 'string' },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Null: only help is asked for. Throws TypeError for what it doesn't know. */
export function readArguments(args: readonly string[]): Arguments | null {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) return null;
  const from = wholeNumber(values.from, '--from');
  const count = fromOne(values.seeds, '--seeds');
  const seeds = Array.from({ length: count }, (_, index) =>
    values.groups ? `g${from + index}` : String(from + index),
  );
  const cut = {
    faults: list(values.faults)?.map((id) => wholeNumber(id, '--faults')) ?? null,
    services: list(values.services),
    single: values.single,
  };
  if (values.seed !== undefined) checkCut(values.seed, cut);
  return {
    seeds: values.seed === undefined ? seeds : [values.seed],
    cut,
    threads: values.threads === undefined ? null : fromOne(values.threads, '--threads'),
    verbose: values.verbose,
  };
}

/** Nothing fails in a case of which nothing is left: a slip may not look like that. */
function checkCut(seed: string, cut: Cut): void {
  const { spec, faults } = makeCase(seed);
  const services = spec.services.map(({ name }) => name);
  const fault = cut.faults?.find((id) => faults.every((one) => one.id !== id));
  if (fault !== undefined) throw new TypeError(`--faults ${fault}: seed ${seed} has no such fault`);
  const service = cut.services?.find((name) => !services.includes(name));
  if (service !== undefined)
    throw new TypeError(`--services ${service}: seed ${seed} has ${services.join(', ')}`);
}

function list(text: string | undefined): string[] | null {
  if (text === undefined) return null;
  return text === '-' ? [] : text.split(',');
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new TypeError(`${name} ${text}: no number`);
  return number;
}

function fromOne(text: string, name: string): number {
  const number = wholeNumber(text, name);
  if (number === 0) throw new TypeError(`${name} ${text}: at least 1`);
  return number;
}

/** What to type to see it again. */
export function commandLine(seed: string, cut: Cut = noCut): string {
  const parts = ['npm run simulate -- --seed', seed];
  if (cut.faults !== null) parts.push('--faults', cut.faults.join(',') || '-');
  if (cut.services !== null) parts.push('--services', cut.services.join(','));
  if (cut.single) parts.push('--single');
  return parts.join(' ');
}
