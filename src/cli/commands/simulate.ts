/** What to expect of a stack file: many simulated faults, or one of them as a story. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import type { Knowledge } from '../../model/knowledge.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import type { Forecast } from '../../sim/forecast/forecast.ts';
import type { AddCommand } from '../command.ts';
import { forecastText, storyHead, storyLines } from '../forecast-text.ts';
import { checkServices, type GivenRate, rateToo, withGiven } from '../given-rates.ts';
import type { Session } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';
import { readExport } from './knowledge.ts';

interface SimulateOptions {
  readonly seeds: number;
  readonly years: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly knowledge?: string;
  readonly rate?: readonly GivenRate[];
}

/** What the rates are taken from; null: nothing is known but the default tables. */
type Known = Knowledge | null;

const progressEveryMs = 100;

export const addSimulate: AddCommand = ({ program, action }) => {
  program
    .command('simulate [stack-file]')
    .description('what to expect of a stack file: which faults it survives, and what would help')
    .option('--seeds <count>', 'so many simulated faults', fromOne, 600)
    .option('--years <count>', 'tell what so many years bring', fromOne, 1)
    .option('--seed <number>', 'tell this one as a story', fromOne)
    .option(
      '--knowledge <path>',
      'what was learned, an export (default: that of the running stack)',
    )
    .option(
      '--rate <service:fault=count>',
      'so often a year at one instance, such as db:crash=12; may come again',
      rateToo,
    )
    .option('--threads <count>', 'so many at once (default: all cores)', fromOne)
    .action(
      action(async (session, stack: string | undefined, options: SimulateOptions) => {
        const about = stack === undefined ? session : session.about(stack);
        const spec = await about.readStack();
        const known = await knownOf(about, options.knowledge);
        const { rate: rates = [] } = options;
        checkServices(rates, spec);
        if (options.seed !== undefined) await tellOne(about, { spec, known, rates }, options.seed);
        else await tellAll(about, { spec, known, rates }, options);
        return exitCodes.ok;
      }),
    );
};

function fromOne(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('expected a number from 1.');
  return value;
}

async function knownOf(session: Session, file: string | undefined): Promise<Known> {
  if (file !== undefined) return readKnowledge(resolve(session.io.cwd, file));
  try {
    return await session.client.knowledge();
  } catch (error) {
    if (error instanceof DarumaError && error.code === 'NOT_RUNNING') return null;
    throw error;
  }
}

async function readKnowledge(path: string): Promise<Knowledge> {
  const known = (await readExport(path)) as Partial<Knowledge> | null;
  const isExport = known?.version === 1 && typeof known.services === 'object';
  if (!isExport) throw new DarumaError('BAD_REQUEST', `${path} is no export of what was learned`);
  return known as Knowledge;
}

interface About {
  readonly spec: StackSpec;
  readonly known: Known;
  /** Instead of what is known. */
  readonly rates: readonly GivenRate[];
}

/** What a forecast is made from. */
async function given({ spec, known, rates }: About) {
  const { knownRates } = await import('../../sim/forecast/index.ts');
  const all = withGiven(rates, knownRates(known));
  return { spec, rates: all, ...(known === null ? {} : { knowledge: known }) };
}

async function tellAll(session: Session, about: About, options: SimulateOptions): Promise<void> {
  // Loaded here: no other command has a use for the simulator.
  const { forecast } = await import('../../sim/forecast/index.ts');
  const { seeds, threads } = options;
  const progress = new Progress(session);
  const found = await forecast({
    ...(await given(about)),
    seeds,
    threads: threads ?? null,
    onProgress: (told, all) => progress.show(told, all),
  });
  progress.end();
  if (session.json) session.printJson(asJson(found, about, options.years));
  else
    session.print(
      ...forecastText(found, {
        years: options.years,
        session,
        rates: ratesFrom(about),
        again: againWith(options),
      }),
    );
}

function ratesFrom({ known, rates }: About): string {
  const others = known === null ? 'default table' : 'what was learned';
  return rates.length === 0 ? others : `${others}, and as given`;
}

/** What else the command needs to tell one of the same stories. */
function againWith({ knowledge, rate = [] }: SimulateOptions): string {
  const from = knowledge === undefined ? [] : ['--knowledge', shellWord(knowledge)];
  const words = rate.flatMap(({ text }) => ['--rate', shellWord(text)]);
  return [...from, ...words].map((word) => ` ${word}`).join('');
}

function asJson({ improvements, ...rest }: Forecast, about: About, years: number): unknown {
  const changes = improvements.map(({ spec: _, ...change }) => change);
  return { ...rest, years, rates: ratesFrom(about), improvements: changes };
}

async function tellOne(session: Session, about: About, seed: number): Promise<void> {
  const sim = await import('../../sim/forecast/index.ts');
  const job = sim.jobOf(await given(about), seed);
  if (job === null) throw new DarumaError('NOT_FOUND', 'nothing can break: there are only jobs');
  const story = sim.storyOf(job);
  const records: Parameters<NonNullable<typeof story.onRecord>>[0][] = [];
  const result = await sim.tellStory({ ...story, onRecord: (record) => records.push(record) });
  if (session.json) session.printJson({ seed, hazard: job.hazard, ...result, records });
  else session.print(...storyHead(job.hazard, story), ...storyLines(records, result));
}

/** As a shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** On a terminal: how far it is. */
class Progress {
  readonly #session: Session;
  #shownAt = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  show(told: number, all: number): void {
    const { err } = this.#session.io;
    const now = performance.now();
    if (err.isTTY !== true || now - this.#shownAt < progressEveryMs) return;
    this.#shownAt = now;
    err.write(`\r${told} of ${all} simulated faults\u001b[K`);
  }

  end(): void {
    if (this.#shownAt > 0) this.#session.io.err.write('\r\u001b[K');
  }
}
