import { homedir } from 'node:os';
import { init } from '../../install/init.ts';
import type { AddCommand } from '../command.ts';
import { type WriteOptions, writePlanned } from '../planned-files.ts';

export const addInit: AddCommand = ({ program, action }) => {
  program
    .command('init')
    .description('look at what runs here and write a first stack file, in observe mode')
    .option('--print', 'print it, write nothing')
    .option('--force', 'replace a stack file that is there')
    .action(
      action(async (session, options: WriteOptions) => {
        const plan = init({ directory: session.io.cwd, home: homedir() });
        return writePlanned(session, plan, options);
      }),
    );
};
