/** Recovery points: shown, made, pruned, verified, tried. */
import { DarumaError, exitCodes } from '../../model/errors.ts';
import type { PointView } from '../../model/recovery-point.ts';
import { sizeText } from '../../model/size-text.ts';
import type { AddCommand } from '../command.ts';
import { requireConsent } from '../consent.ts';
import { droppedLines } from '../dropped-text.ts';
import {
  byControllerOrHere,
  chosenServices,
  identityOf,
  type KeyOptions,
  problemText,
  runHere,
} from '../point-work.ts';
import { sinceTime } from '../restore-target.ts';
import type { Session } from '../session.ts';
import { cell, table } from '../table.ts';
import { dateText, durationText } from '../time-text.ts';

interface NameOption {
  readonly name?: string;
}

interface PointsOptions extends KeyOptions {
  readonly drops?: boolean;
  readonly since?: string;
}

interface PruneOptions {
  readonly dryRun?: boolean;
  readonly ignoreMinAge?: boolean;
  readonly yes?: boolean;
}

export const addPoints: AddCommand = (host) => {
  const { program, action } = host;
  program
    .command('points [service]')
    .description('show recovery points: age, size, whether proven, what can be restored')
    .option('--drops', 'instead, what was dropped or emptied in a PostgreSQL service')
    .option('--since <time>', 'with --drops: how far back (default: 1d)')
    .option('--identity <file>', 'with --drops: private keys (default: `restore_drill.identity`)')
    .action(
      action((session, service: string | undefined, options: PointsOptions) =>
        options.drops === true
          ? drops(session, service, options)
          : points(session, service, options),
      ),
    );
  program
    .command('backup <service>')
    .description('make a recovery point now')
    .option('--name <name>', 'what to call it, for `restore --to`')
    .action(
      action((session, service: string, options: NameOption) => backup(session, service, options)),
    );
  program
    .command('prune <service>')
    .description('remove points that no rule of `keep` keeps')
    .option('--dry-run', 'only show what would be removed')
    .option('--ignore-min-age', 'also what is younger than `min_age`; needs consent')
    .option('--yes', 'consent without being asked')
    .action(
      action((session, service: string, options: PruneOptions) => prune(session, service, options)),
    );
  program
    .command('restore-drill <service>')
    .description('restore a point beside the real service, start it there, and verify it')
    .option('--point <id>', 'which one (default: the newest)')
    .option('--identity <file>', 'private keys (default: `restore_drill.identity`)')
    .action(
      action((session, service: string, options: KeyOptions) =>
        restoreDrill(session, service, options),
      ),
    );
};

async function points(
  session: Session,
  service: string | undefined,
  { since, identity }: PointsOptions,
): Promise<number> {
  if (since !== undefined || identity !== undefined)
    throw new DarumaError('BAD_REQUEST', '--since and --identity go with --drops');
  const names = await chosenServices(session, service);
  const listed = [];
  for (const name of names) {
    const { points: found, problems } = await runHere(session, name, { kind: 'list' });
    listed.push({ service: name, points: found, problems });
  }
  if (session.json) session.printJson(service === undefined ? listed : listed[0]);
  else {
    for (const one of listed) {
      if (listed.length > 1) session.print(session.paint('bold', one.service));
      session.print(...pointTable(session, one.points), ...one.problems.map(problemText));
      session.print(...noteLines(one.points.at(-1)), '');
    }
  }
  return listed.some(({ problems }) => problems.length > 0) ? exitCodes.failed : exitCodes.ok;
}

async function drops(
  session: Session,
  service: string | undefined,
  options: PointsOptions,
): Promise<number> {
  if (service === undefined) throw new DarumaError('BAD_REQUEST', '--drops of which service?');
  await chosenServices(session, service);
  const since = sinceTime(options.since ?? '1d', Date.now());
  const identity = identityOf(session, options);
  const work = { kind: 'search-log' as const, since, identity };
  const found = await runHere(session, service, work);
  if (session.json) session.printJson(found);
  else {
    const restore = `${session.command} restore ${service}`;
    session.print(...droppedLines(found, { restore, paint: session.paint }));
  }
  return exitCodes.ok;
}

function pointTable(session: Session, all: readonly PointView[]): readonly string[] {
  if (all.length === 0) return ['no recovery points yet'];
  const now = Date.now();
  const rows = all.map((point) => [
    cell(point.id),
    cell(durationText(Math.max(0, now - point.at))),
    cell(sizeText(point.dataBytes)),
    cell(`${sizeText(point.archive.bytes)}${point.parent === null ? '' : ' +'}`),
    provenCell(point),
    cell(rangeText(point)),
    cell(point.places.join(', ')),
    cell(point.name ?? point.why, point.name === null ? 'dim' : null),
  ]);
  const head = ['POINT', 'AGE', 'DATA', 'STORED', 'PROVEN', 'RESTORABLE', 'PLACES', 'NAME'];
  return table(head, rows, { paint: session.paint });
}

/** What the newest point lacks. */
function noteLines(point: Pick<PointView, 'id' | 'notes'> | undefined): readonly string[] {
  return (point?.notes ?? []).map((note) => `${point?.id}: ${note}`);
}

function provenCell({ proven }: PointView) {
  if (proven === null) return cell('not yet', 'dim');
  return proven.ok
    ? cell(`in ${durationText(proven.restoreMs)}`, 'green')
    : cell(`no: ${proven.error?.message ?? 'failed'}`, 'red');
}

/** Of a database any moment until then, else its own. */
function rangeText({ at, restorableUntil }: PointView): string {
  const from = dateText(at);
  if (restorableUntil === null || restorableUntil - at < 1_000) return from;
  return `${from} to ${dateText(restorableUntil)}`;
}

async function backup(session: Session, service: string, options: NameOption): Promise<number> {
  await chosenServices(session, service);
  const name = options.name ?? null;
  const made = await byControllerOrHere(session, service, {
    asked: () => session.client.makePoint(service, name),
    work: { kind: 'make', name, why: 'person' },
  });
  const { summary, stored, failed } = made;
  if (session.json) session.printJson({ point: summary, stored, failed });
  else {
    const size = `${sizeText(summary.dataBytes)}, ${sizeText(summary.archive.bytes)} stored`;
    session.print(`${summary.id}: ${size} in ${stored.join(', ')}`, ...(summary.notes ?? []));
    session.print(...failed.map(problemText));
  }
  return failed.length > 0 ? exitCodes.failed : exitCodes.ok;
}

async function prune(session: Session, service: string, options: PruneOptions): Promise<number> {
  await chosenServices(session, service);
  const dryRun = options.dryRun === true;
  const consent = options.ignoreMinAge === true;
  if (consent && !dryRun) {
    const question = `Remove points of ${service} although they are younger than \`min_age\`?`;
    await requireConsent(session, question, options.yes === true);
  }
  const { removed, kept, problems } = await byControllerOrHere(session, service, {
    asked: () => session.client.prunePoints(service, { dryRun, consent }),
    work: { kind: 'prune', dryRun, consent },
  });
  if (session.json) session.printJson({ dryRun, removed, kept, problems });
  else {
    const verb = dryRun ? 'would remove' : 'removed';
    const none = removed.length === 0 ? [`nothing ${dryRun ? 'would be ' : ''}removed`] : [];
    session.print(...removed.map((id) => `${verb} ${id}`), ...none);
    session.print(
      ...kept.map(({ id, why }) => `keeps ${id}: ${why}`),
      ...problems.map(problemText),
    );
  }
  return problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}

async function restoreDrill(
  session: Session,
  service: string,
  options: KeyOptions,
): Promise<number> {
  await chosenServices(session, service);
  const point = options.point ?? null;
  const identity = identityOf(session, options);
  const { point: tried, proof } = await byControllerOrHere(session, service, {
    asked: () => session.client.drillPoint(service, point, identity),
    work: { kind: 'drill', point, identity },
  });
  if (session.json) session.printJson({ point: tried, ...proof });
  else if (proof.ok) {
    const took = `restored and running in ${durationText(proof.restoreMs)}`;
    session.print(`${tried}: ${took}; lost now: ${durationText(proof.lossMs)}`);
  } else session.print(`${tried} does not restore: ${proof.error?.message ?? 'it failed'}`);
  if (!session.json) session.print(...(proof.notes ?? []));
  return proof.ok ? exitCodes.ok : exitCodes.failed;
}
