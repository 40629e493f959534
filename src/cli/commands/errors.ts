import type { ErrorMark } from '../../model/error-record.ts';
import { isWanted } from '../../model/error-search.ts';
import { DarumaError } from '../../model/errors.ts';
import { parseDuration } from '../../stack/quantity.ts';
import type { AddCommand, CommandHost } from '../command.ts';
import { requireConsent } from '../consent.ts';
import { errorLines, errorTable } from '../error-text.ts';
import type { Session } from '../session.ts';
import { dateText } from '../time-text.ts';
import { wholeNumber } from '../whole-number.ts';

const mostErrors = 1_000;

interface ListOptions {
  readonly lines: number;
  readonly search?: string;
  readonly service?: string;
  readonly all?: boolean;
}

interface MuteOptions {
  readonly for?: string;
  readonly until?: string;
  readonly forever?: boolean;
  readonly yes?: boolean;
}

export const addErrors: AddCommand = (context) => {
  const errors = context.program
    .command('errors')
    .description('list distinct errors with how often and since when they happen')
    .option('-n, --lines <count>', 'show so many', wholeNumber, 50)
    .option('--search <text>', 'only those with these words in code, message, origin or release')
    .option('--service <name>', 'only those of this service or instance')
    .option('--all', 'muted ones too')
    .action(context.action(list));
  errors
    .command('show <id>')
    .description('show one error with its stack and its latest happenings')
    .action(
      context.action(async (session, id: string) => {
        const error = await session.fromAccount((account) => account.error(id));
        if (session.json) session.printJson(error);
        else session.print(...errorLines(error));
        return 0;
      }),
    );
  addMarks(context, errors);
};

async function list(session: Session, options: ListOptions): Promise<number> {
  const { search, service, all = false, lines } = options;
  const filter = { search, of: service, state: all ? ('all' as const) : undefined };
  const errors = await session.fromAccount((account) => account.errors(mostErrors));
  const found = errors.filter((one) => isWanted(one, filter));
  const shown = found.slice(0, Math.max(1, lines));
  if (session.json) session.printJson(shown);
  else if (shown.length === 0) session.print('no errors');
  else session.print(...errorTable(shown, session.paint));
  return 0;
}

function addMarks({ action }: CommandHost, errors: CommandHost['program']): void {
  errors
    .command('ack <id>')
    .description('note down that you have seen to it')
    .action(
      action(async (session, id: string) => {
        await session.client.markError(id, { kind: 'acknowledge' }, session.user);
        if (session.json) session.printJson({ id, acknowledgedBy: session.user });
        else session.print(`${id} acknowledged`);
        return 0;
      }),
    );
  errors
    .command('mute <id>')
    .description('do not show it for a time; its happenings are counted on')
    .option('--for <duration>', 'for so long, such as 2h')
    .option('--until <time>', 'until then, such as 2026-01-31T14:00')
    .option('--forever', 'until somebody unmutes it')
    .option('-y, --yes', 'do not ask, with --forever')
    .action(action(mute));
  errors
    .command('unmute <id>')
    .description('show it again')
    .action(
      action(async (session, id: string) => {
        await session.client.markError(id, { kind: 'unmute' }, session.user);
        if (session.json) session.printJson({ id, muted: null });
        else session.print(`${id} shows again`);
        return 0;
      }),
    );
}

async function mute(session: Session, id: string, options: MuteOptions): Promise<number> {
  const until = muteEnd(options, Date.now());
  if (until === null) {
    const question = `Mute ${id} for ever? It shows again only when somebody unmutes it.`;
    await requireConsent(session, question, options.yes === true);
  }
  const mark: ErrorMark = { kind: 'mute', until };
  await session.client.markError(id, mark, session.user);
  if (session.json) session.printJson({ id, muted: { by: session.user, until } });
  else session.print(`${id} muted ${until === null ? 'for ever' : `until ${dateText(until)}`}`);
  return 0;
}

/** Null: never. Throws BAD_REQUEST unless exactly one of the options says when. */
function muteEnd({ for: span, until, forever }: MuteOptions, now: number): number | null {
  const given = [span, until, forever].filter((option) => option !== undefined);
  if (given.length !== 1) {
    throw new DarumaError('BAD_REQUEST', 'say how long: --for 2h, --until TIME or --forever');
  }
  if (forever === true) return null;
  const lastsMs = span === undefined ? null : parseDuration(span);
  const end = lastsMs === null ? Date.parse(until ?? '') : now + lastsMs;
  if (!Number.isNaN(end)) return end;
  const said = span === undefined ? `--until ${until}` : `--for ${span}`;
  throw new DarumaError('BAD_REQUEST', `${said}: expected such as 2h, or 2026-01-31T14:00`);
}
