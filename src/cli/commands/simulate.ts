/** What to expect of a stack file: many simulated faults, or one of them as a story. */
import { InvalidArgumentError } from 'commander';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import type { Forecast } from '../../sim/forecast/forecast.ts';
import type { AddCommand } from '../command.ts';
import { forecastText, storyHead, storyLines } from '../forecast-text.ts';
import type { Session } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';

interface SimulateOptions {
  readonly seeds: number;
  readonly years: number;
  readonly seed?: number;
  readonly threads?: number;
}

const progressEveryMs = 100;

export const addSimulate: AddCommand = ({ program, action }) => {
  program
    .command('simulate [stack-file]')
    .description('what to expect of a stack file: which faults it survives, and what would help')
    .option('--seeds <count>', 'so many simulated faults', fromOne, 600)
    .option('--years <count>', 'tell what so many years bring', fromOne, 1)
    .option('--seed <number>', 'tell this one as a story', fromOne)
    .option('--threads <count>', 'so many at once (default: all cores)', fromOne)
    .action(
      action(async (session, stack: string | undefined, options: SimulateOptions) => {
        const about = stack === undefined ? session : session.about(stack);
        const spec = await about.readStack();
        if (options.seed !== undefined) await tellOne(about, spec, options.seed);
        else await tellAll(about, spec, options);
        return exitCodes.ok;
      }),
    );
};

function fromOne(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('expected a number from 1.');
  return value;
}

async function tellAll(session: Session, spec: StackSpec, options: SimulateOptions): Promise<void> {
  // Loaded here: no other command has a use for the simulator.
  const { defaultRates, forecast } = await import('../../sim/forecast/index.ts');
  const { seeds, threads } = options;
  const progress = new Progress(session);
  const found = await forecast({
    spec,
    rates: defaultRates,
    seeds,
    threads: threads ?? null,
    onProgress: (told, all) => progress.show(told, all),
  });
  progress.end();
  if (session.json) session.printJson(asJson(found, options.years));
  else session.print(...forecastText(found, { years: options.years, session }));
}

function asJson({ improvements, ...rest }: Forecast, years: number): unknown {
  const changes = improvements.map(({ spec: _, ...change }) => change);
  return { ...rest, years, rates: 'default table', improvements: changes };
}

async function tellOne(session: Session, spec: StackSpec, seed: number): Promise<void> {
  const sim = await import('../../sim/forecast/index.ts');
  const job = sim.jobOf(spec, sim.defaultRates, seed);
  if (job === null) throw new DarumaError('NOT_FOUND', 'nothing can break: there are only jobs');
  const story = sim.storyOf(job);
  const records: Parameters<NonNullable<typeof story.onRecord>>[0][] = [];
  const result = await sim.tellStory({ ...story, onRecord: (record) => records.push(record) });
  if (session.json) session.printJson({ seed, hazard: job.hazard, ...result, records });
  else session.print(...storyHead(job.hazard, story), ...storyLines(records, result));
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
