import { homedir } from 'node:os';
import { install, reloadSystemd } from '../../install/install.ts';
import type { AddCommand } from '../command.ts';
import { type WriteOptions, writePlanned } from '../planned-files.ts';
import type { Session } from '../session.ts';

export const addInstall: AddCommand = ({ program, action }) => {
  program
    .command('install')
    .description('write the systemd unit that runs the stack for good, over reboots too')
    .option('--print', 'print it, write nothing')
    .option('--force', 'replace a unit that is there')
    .action(
      action(async (session, options: WriteOptions) => {
        const { plan, systemctl } = await planned(session);
        return writePlanned(session, plan, options, () => {
          const reload = `${systemctl.join(' ')} daemon-reload`;
          return reloadSystemd(systemctl) ? plan.next.filter((step) => step !== reload) : plan.next;
        });
      }),
    );
};

async function planned(session: Session) {
  const spec = await session.readStack();
  const result = await install({
    file: spec.file,
    environment: session.io.environment,
    stateDir: session.givenStateDir,
    root: process.getuid?.() === 0,
    home: homedir(),
    nodePath: process.execPath,
    keeperArgv: (place) => session.wiring.keeperArgv({ ...place, name: spec.name }),
  });
  // It was right a moment ago: whoever changes it meanwhile is told what is wrong with it.
  return result.ok ? result : session.refuseStack(result.problems);
}
