/** The places where recovery points are kept: everything verified, or encrypted anew. */
import { exitCodes } from '../../model/errors.ts';
import type { PlaceError } from '../../ports/vault.ts';
import type { AddCommand } from '../command.ts';
import {
  chosenServices,
  identityOf,
  type KeyOptions,
  problemText,
  runHere,
} from '../point-work.ts';
import type { Session } from '../session.ts';

export const addVault: AddCommand = ({ program, action }) => {
  const vault = program
    .command('vault')
    .description('look after the places where recovery points are kept');
  vault
    .command('verify [service]')
    .description('check every byte that is stored; with private keys also every file within')
    .option('--point <id>', 'only this one, and what it needs')
    .option('--identity <file>', 'private keys')
    .action(
      action((session, service: string | undefined, options: KeyOptions) =>
        verify(session, service, options),
      ),
    );
  vault
    .command('rekey <service>')
    .description('encrypt what is stored anew, to those that `encrypt_to` names now')
    .option('--identity <file>', 'the private keys that open it until now')
    .action(
      action((session, service: string, options: KeyOptions) => rekey(session, service, options)),
    );
};

async function verify(
  session: Session,
  service: string | undefined,
  options: KeyOptions,
): Promise<number> {
  const identity = identityOf(session, options);
  const found: { readonly service: string; readonly problems: readonly PlaceError[] }[] = [];
  for (const name of await chosenServices(session, service)) {
    const work = { kind: 'verify' as const, point: options.point ?? null, identity };
    found.push({ service: name, problems: await runHere(session, name, work) });
  }
  if (session.json) session.printJson(found);
  for (const { service: name, problems } of session.json ? [] : found)
    session.print(
      problems.length === 0 ? `${name}: sound` : `${name}: damaged`,
      ...problems.map(problemText),
    );
  return found.some(({ problems }) => problems.length > 0) ? exitCodes.failed : exitCodes.ok;
}

async function rekey(session: Session, service: string, options: KeyOptions): Promise<number> {
  const identity = identityOf(session, options);
  await chosenServices(session, service);
  const { done, problems } = await runHere(session, service, { kind: 'rekey', identity });
  if (session.json) session.printJson({ done, problems });
  else {
    const files = done.length === 1 ? 'file is' : 'files are';
    session.print(`${done.length} ${files} encrypted anew`, ...problems.map(problemText));
  }
  return problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}
