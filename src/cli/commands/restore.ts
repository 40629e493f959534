/**
 * Restores. First it is shown what will be there then and what will be lost, and only a person's
 * consent lets it begin; it goes on whether or not we stay to watch.
 */
import { resolve } from 'node:path';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import type { LogRecord } from '../../model/record.ts';
import type { RestorePlan, RestoreTarget } from '../../model/recovery-point.ts';
import { sizeText } from '../../model/size-text.ts';
import type { AddCommand } from '../command.ts';
import { requireConsent } from '../consent.ts';
import { notThere, runHere, servicesWithPoints, specOf, watched } from '../point-work.ts';
import { restoreTarget } from '../restore-target.ts';
import type { Session } from '../session.ts';
import { dateText, durationText } from '../time-text.ts';

interface RestoreOptions {
  readonly to: string;
  readonly before?: boolean;
  readonly path?: readonly string[];
  readonly asCopy?: string;
  readonly identity?: string;
  readonly yes?: boolean;
  readonly confirm?: boolean;
  readonly undo?: boolean;
}

export const addRestore: AddCommand = ({ program, action }) => {
  program
    .command('restore <service>')
    .description('bring the data of a service back to what it was')
    .option('--to <what>', 'latest, a point, a time, a time ago, a name, or an LSN', 'latest')
    .option('--before', 'just before the time or LSN: what happened at it is not there')
    .option('--path <path...>', 'only these files or directories')
    .option('--as-copy <directory>', 'into a new directory; the service is left alone')
    .option('--identity <file>', 'private keys (default: those that the stack file names)')
    .option('--yes', 'consent without being asked')
    .option('--confirm', 'remove what the last restore put aside')
    .option('--undo', 'put back what the last restore put aside')
    .action(action(restore));
};

async function restore(
  session: Session,
  service: string,
  options: RestoreOptions,
): Promise<number> {
  const spec = await specOf(session);
  if (!servicesWithPoints(spec).includes(service)) throw notThere(service, spec);
  if (options.confirm === true || options.undo === true) return settle(session, service, options);
  const target = await targetOf(session, service, options);
  if (options.asCopy !== undefined) return copy(session, service, target, options);
  const only = (options.path ?? []).map((path) => resolve(session.io.cwd, path));
  const work = { kind: 'plan' as const, target, now: Date.now(), only };
  const plan = await runHere(session, service, work);
  if (!session.json) session.print(...planText(plan));
  await requireConsent(session, question(plan, only), options.yes === true);
  const identity =
    options.identity === undefined ? null : resolve(session.io.cwd, options.identity);
  const request = { kind: 'restore' as const, service, to: plan.target, plan, only, identity };
  const message = await ask(session, service, request);
  if (session.json) session.printJson({ message, plan });
  else {
    const own = `${session.command} restore ${service}`;
    session.print(message, `keep it: ${own} --confirm`, `go back: ${own} --undo`);
  }
  return exitCodes.ok;
}

function targetOf(
  session: Session,
  service: string,
  options: RestoreOptions,
): Promise<RestoreTarget> {
  return restoreTarget(options.to, {
    now: Date.now(),
    before: options.before === true,
    points: async () => (await runHere(session, service, { kind: 'list' })).points,
  });
}

function planText(plan: RestorePlan): readonly string[] {
  const { point, target, to, lossMs, dataBytes, expectedMs } = plan;
  const takes = expectedMs === null ? '' : `, in about ${durationText(expectedMs)}`;
  const ago = `${durationText(lossMs)} ago`;
  const back =
    target.kind === 'lsn'
      ? `back to ${target.lsn}, written after ${dateText(to)}, ${ago}`
      : `back to ${dateText(to)}, ${ago}`;
  return [`from point ${point}: ${sizeText(dataBytes)}${takes}`, back];
}

function question({ service, lossMs }: RestorePlan, only: readonly string[]): string {
  const what =
    only.length === 0 ? `All that ${service} wrote` : `What changed in ${only.join(', ')}`;
  return `${what} in the last ${durationText(lossMs)} will be lost. Restore?`;
}

async function copy(
  session: Session,
  service: string,
  target: RestoreTarget,
  options: RestoreOptions,
): Promise<number> {
  const { cwd } = session.io;
  const directory = resolve(cwd, options.asCopy ?? '');
  const identity = options.identity === undefined ? null : resolve(cwd, options.identity);
  const only = options.path ?? [];
  const work = { kind: 'copy' as const, target, directory, only, identity };
  const copied = await runHere(session, service, work);
  if (session.json) session.printJson(copied);
  else
    session.print(`${directory} holds ${service} as of ${dateText(copied.at)} (${copied.point})`);
  return exitCodes.ok;
}

async function settle(
  session: Session,
  service: string,
  { confirm, undo, yes }: RestoreOptions,
): Promise<number> {
  if (confirm === true && undo === true)
    throw new DarumaError('BAD_REQUEST', 'either --confirm or --undo');
  const asked =
    confirm === true
      ? `What ${service} had before the restore will be removed. Go on?`
      : `What ${service} wrote since the restore will be lost. Go back?`;
  await requireConsent(session, asked, yes === true);
  const kind = confirm === true ? ('restore-confirm' as const) : ('restore-undo' as const);
  const message = await ask(session, service, { kind, service });
  if (session.json) session.printJson({ message });
  else session.print(message);
  return exitCodes.ok;
}

type Asked = Parameters<Session['client']['request']>[1];

/** The controller may be killed over it, and the next one completes it: then the log tells. */
async function ask(session: Session, service: string, request: Asked): Promise<string> {
  const { client, user } = session;
  const { seq } = await client.stack();
  const answer = client.request(user, request).catch((error: unknown) => {
    const broken = error instanceof DarumaError && error.code === 'TIMED_OUT';
    if (broken && client.isKept()) return outcomeOf(session, service, seq);
    throw error;
  });
  return watched(session, service, answer);
}

async function outcomeOf(session: Session, service: string, after: number): Promise<string> {
  const over = new AbortController();
  const outcome = await firstOutcome(session, service, after, over.signal);
  over.abort();
  if (outcome === null) throw new DarumaError('NOT_RUNNING', 'the stack ended meanwhile');
  if (outcome.ok) return outcome.text;
  throw new DarumaError('ACTION_FAILED', outcome.text);
}

async function firstOutcome(
  { client }: Session,
  service: string,
  after: number,
  signal: AbortSignal,
): Promise<Outcome | null> {
  for await (const { record } of client.follow(after, signal)) {
    const outcome = outcomeIn(record, service);
    if (outcome !== null) return outcome;
  }
  return null;
}

interface Outcome {
  readonly ok: boolean;
  readonly text: string;
}

function outcomeIn(record: LogRecord, service: string): Outcome | null {
  if (record.kind !== 'restore-step' || record.service !== service) return null;
  const { step, state, error } = record;
  if (state === 'failed') return { ok: false, text: `${step}: ${error?.message ?? 'failed'}` };
  if (state !== 'done' || step === 'prepare') return null;
  return { ok: true, text: `${service}: ${step === 'swap' ? 'restored' : `${step} done`}` };
}
