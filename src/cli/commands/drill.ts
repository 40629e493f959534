import { Argument } from 'commander';
import { type DrillFaultName, drillFaults } from '../../model/drill.ts';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import { type InstanceId, isInstance, serviceOf } from '../../model/ids.ts';
import type { StackView } from '../../model/view.ts';
import type { AddCommand } from '../command.ts';
import { requireConsent } from '../consent.ts';
import { runAll } from '../drill-all.ts';
import { type DrillLimits, drillOne } from '../drill-one.ts';
import { plannedDrills } from '../drill-plan.ts';
import type { DrillResult } from '../drill-run.ts';
import { drillText } from '../drill-text.ts';
import { isPassed, keepScorecard, lastScorecard } from '../scorecard.ts';
import { scorecardText } from '../scorecard-text.ts';
import type { Session } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';
import { addLedgerDrill } from './drill-ledger.ts';

interface DrillOptions {
  readonly timeout: number;
  readonly rate: number;
  readonly kills: number;
  readonly all?: boolean;
  readonly seed?: number;
  readonly yes?: boolean;
}

export const addDrill: AddCommand = ({ program, action }) => {
  const drill = program
    .command('drill')
    .description('inject a fault on purpose, and report how the stack takes it')
    .addArgument(new Argument('[fault]', 'what to do to it').choices(drillFaults))
    .argument('[service[/n]]', 'whom; for controller-kill: whose endpoint to watch')
    .option('--all', 'every fault that the stack can take, in random order')
    .option('--seed <number>', 'with --all and ledger: the order of an earlier one', wholeNumber)
    .option('-y, --yes', 'with --all and ledger: begin without asking')
    .option('--timeout <seconds>', 'wait no longer than this for recovery', wholeNumber, 120)
    .option('--rate <bytes>', 'leak: so many bytes per second', wholeNumber, 50 * 2 ** 20)
    .option('--kills <count>', 'crash-loop: kill it so often', wholeNumber, 3)
    .action(
      action(async (session, fault?: DrillFaultName, target?: string, options?: DrillOptions) => {
        if (options === undefined) return exitCodes.usage;
        return options.all === true
          ? await all(session, fault, options)
          : await one(session, fault, target, options);
      }),
    );
  addLedgerDrill(drill, action);
};

async function all(
  session: Session,
  fault: DrillFaultName | undefined,
  options: DrillOptions,
): Promise<number> {
  if (fault !== undefined) throw new DarumaError('BAD_REQUEST', 'drill --all takes no fault');
  const { yes = false, seed = Math.floor(Math.random() * 2 ** 31) } = options;
  await requireConsent(session, 'This brings faults about in a running stack. Begin?', yes);
  const { client, stateDir } = session;
  const { spec } = await client.configuration();
  const before = lastScorecard(stateDir);
  const view = await client.stack();
  const drills = plannedDrills({ view, spec, kept: client.isKept() }, seed);
  const scorecard = await runAll(session, { ...limits(options), spec, seed, drills });
  if (!scorecard.interrupted) keepScorecard(stateDir, scorecard);
  if (session.json) session.printJson({ ...scorecard, before });
  else session.print('', ...scorecardText(scorecard, before, session.paint));
  return isPassed(scorecard) ? exitCodes.ok : exitCodes.failed;
}

async function one(
  session: Session,
  fault: DrillFaultName | undefined,
  target: string | undefined,
  options: DrillOptions,
): Promise<number> {
  if (fault === undefined) {
    throw new DarumaError(
      'BAD_REQUEST',
      `drill needs a fault (${drillFaults.join(', ')}) or --all`,
    );
  }
  const result = await drillNamed(session, fault, target, options);
  if (session.json) session.printJson(result);
  else session.print(...drillText(result, session.paint, session.command));
  return exitCodeOf(result);
}

function limits({ timeout, rate, kills }: DrillOptions): DrillLimits {
  return { timeoutMs: timeout * 1_000, bytesPerSecond: rate, kills };
}

async function drillNamed(
  session: Session,
  fault: DrillFaultName,
  target: string | undefined,
  options: DrillOptions,
): Promise<DrillResult> {
  const view = await session.client.stack();
  const { spec } = await session.client.configuration();
  if (fault !== 'controller-kill' && target === undefined) {
    throw new DarumaError('BAD_REQUEST', `drill ${fault} needs a target, such as api/1`);
  }
  const instance = target === undefined ? null : instanceOf(view, target);
  return drillOne(session, { ...limits(options), spec, fault, instance });
}

/** An instance that is ready: the one named, or the first of the service named. */
function instanceOf(view: StackView, target: string): InstanceId {
  const all = view.services.flatMap(({ instances }) => instances);
  const named = all.filter(({ id }) => id === target || serviceOf(id) === target);
  if (named.length === 0) throw new DarumaError('NOT_FOUND', `there is no ${target} in this stack`);
  const ready = named.find(({ phase }) => phase === 'ready');
  if (ready !== undefined) return ready.id;
  const hint = isInstance(target) ? `it is ${named[0]?.phase}` : 'none of its instances is';
  throw new DarumaError('REFUSED', `a drill needs a ready target, and ${target} is not: ${hint}`);
}

function exitCodeOf({ end }: DrillResult): number {
  if (end === 'timed-out') return exitCodes.timedOut;
  return end === 'needs-person' || end === 'interrupted' ? exitCodes.failed : exitCodes.ok;
}
