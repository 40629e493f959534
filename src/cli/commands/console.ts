import { DarumaError } from '../../model/errors.ts';
import { layout } from '../../model/layout.ts';
import type { AddCommand } from '../command.ts';
import { consoleFile, consoleUrl, setupLink } from '../console-place.ts';

export const addConsole: AddCommand = ({ program, action }) => {
  program
    .command('console')
    .description(
      'tell where the console is; the first time, with a link that makes the first admin',
    )
    .action(
      action(async (session) => {
        const { stateDir } = session;
        if (!session.client.isKept()) {
          throw new DarumaError('NOT_RUNNING', 'the stack is not running');
        }
        const file = consoleFile(stateDir);
        if (file === null) {
          throw new DarumaError('NOT_FOUND', 'the stack file says `console: false`: there is none');
        }
        if (file.taken !== undefined) {
          const holder = await session.wiring.portHolder(file.host, file.port);
          const who = holder === null ? file.taken : `${file.taken}, which ${holder} has`;
          throw new DarumaError('PORT_TAKEN', `there is no console: ${who}`);
        }
        const setup = (await hasAdmin(stateDir)) ? null : setupLink(stateDir, file);
        const url = consoleUrl(file);
        if (session.json) session.printJson({ url, setup });
        else session.print(url, ...(setup === null ? [] : [`make the first admin: ${setup}`]));
        return 0;
      }),
    );
};

async function hasAdmin(stateDir: string): Promise<boolean> {
  const { openLocalAccounts } = await import('../../server/api/local-accounts.ts');
  const accounts = openLocalAccounts(layout(stateDir));
  try {
    return accounts.people.hasAdmin();
  } finally {
    accounts.close();
  }
}
