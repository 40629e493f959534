/** Accounts of the console, for the owner of the state directory: works while Daruma is down. */
import type { ZodType } from 'zod';
import { DarumaError } from '../../model/errors.ts';
import { layout } from '../../model/layout.ts';
import type { LocalAccounts } from '../../server/api/local-accounts.ts';
import type { AddCommand, CommandHost } from '../command.ts';
import { consoleFile, consoleUrl } from '../console-place.ts';
import { readPassword } from '../password-input.ts';
import type { Session } from '../session.ts';
import { cell, table } from '../table.ts';
import { dateText } from '../time-text.ts';
import { wholeNumber } from '../whole-number.ts';

type Action = CommandHost['action'];

export const addUser: AddCommand = ({ program, action }) => {
  const user = program
    .command('user')
    .description('list and change who may use the console')
    .action(action((session) => list(session)));
  user
    .command('list')
    .description('the same')
    .action(action((session) => list(session)));
  addMaking(user, action);
  addChanging(user, action);
};

function addMaking(user: CommandHost['program'], action: Action): void {
  user
    .command('add <name>')
    .description('make an account; the password is read from standard input')
    .option('--role <role>', 'viewer, operator or admin', 'viewer')
    .action(
      action(async (session, name: string, { role }: { readonly role: string }) => {
        const fields = await accountFields();
        const [given, kind] = [checked(fields.name, name), checked(fields.role, role)];
        const password = checked(fields.password, await readPassword(session.io));
        const made = await within(session, ({ people }) =>
          people.add(given, kind, password, session.user),
        );
        return told(
          session,
          { name: made.name, role: made.role },
          `${name} may come in as ${role}`,
        );
      }),
    );
  user
    .command('invite')
    .description('print a link with which somebody makes an account')
    .option('--role <role>', 'viewer, operator or admin', 'viewer')
    .option('--hours <count>', 'for so long', wholeNumber, 72)
    .action(
      action(async (session, options: { readonly role: string; readonly hours: number }) => {
        const role = checked((await accountFields()).role, options.role);
        const { text } = await within(session, async ({ invitations }) =>
          invitations.make(role, options.hours, session.user),
        );
        const file = consoleFile(session.stateDir);
        const link = `${file === null ? '/' : consoleUrl(file)}accept#${text}`;
        return told(session, { role, link }, link);
      }),
    );
}

function addChanging(user: CommandHost['program'], action: Action): void {
  user
    .command('role <name> <role>')
    .description('give somebody another role')
    .action(
      action(async (session, name: string, role: string) => {
        const kind = checked((await accountFields()).role, role);
        await within(session, async ({ people }) =>
          people.change(name, { role: kind }, session.user),
        );
        return told(session, { name, role }, `${name} is ${role}`);
      }),
    );
  user
    .command('password <name>')
    .description('set a password, read from standard input')
    .action(
      action(async (session, name: string) => {
        const { password } = await accountFields();
        const next = checked(password, await readPassword(session.io));
        await within(session, async ({ people }) => {
          const person = people.find(name);
          if (person === null) throw new DarumaError('NOT_FOUND', `there is no account ${name}`);
          await people.setPassword(person, next, session.user);
        });
        return told(session, { name }, `${name} has a new password`);
      }),
    );
  user
    .command('remove <name>')
    .description('remove an account with its sessions and tokens')
    .action(
      action(async (session, name: string) => {
        await within(session, async ({ people }) => people.remove(name, session.user));
        return told(session, { name }, `${name} is removed`);
      }),
    );
}

async function list(session: Session): Promise<number> {
  const all = await within(session, async ({ people }) => people.list());
  const shown = all.map(({ id: _, ...person }) => person);
  if (session.json) session.printJson(shown);
  else if (shown.length === 0) session.print('there are no accounts');
  else {
    const rows = shown.map(({ name, role, disabled, created }) => [
      cell(name),
      cell(disabled ? 'closed' : role, disabled ? 'red' : null),
      cell(dateText(created)),
    ]);
    session.print(...table(['NAME', 'ROLE', 'SINCE'], rows, { paint: session.paint }));
  }
  return 0;
}

function told(session: Session, json: object, text: string): number {
  if (session.json) session.printJson(json);
  else session.print(text);
  return 0;
}

async function accountFields() {
  return (await import('../../server/api/local-accounts.ts')).accountFields;
}

async function within<T>(
  session: Session,
  work: (accounts: LocalAccounts) => Promise<T>,
): Promise<T> {
  const { openLocalAccounts } = await import('../../server/api/local-accounts.ts');
  const accounts = openLocalAccounts(layout(session.stateDir));
  try {
    return await work(accounts);
  } finally {
    accounts.close();
  }
}

function checked<T>(schema: ZodType<T>, value: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new DarumaError('BAD_REQUEST', result.error.issues[0]?.message ?? 'not valid');
}
