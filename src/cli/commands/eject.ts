import { resolve } from 'node:path';
import { eject } from '../../install/eject.ts';
import type { AddCommand } from '../command.ts';
import { type WriteOptions, writePlanned } from '../planned-files.ts';

interface EjectOptions extends WriteOptions {
  readonly directory: string;
}

export const addEject: AddCommand = ({ program, action }) => {
  program
    .command('eject')
    .description('write plain systemd units for the running stack, to do without Daruma')
    .option('--directory <path>', 'where to write them', 'ejected')
    .option('--print', 'print them, write nothing')
    .option('--force', 'replace files that are there')
    .action(
      action(async (session, options: EjectOptions) => {
        const plan = eject({
          spec: await session.readStack(),
          view: await session.client.stack(),
          directory: resolve(session.io.cwd, options.directory),
          root: process.getuid?.() === 0,
          nodePath: process.execPath,
        });
        return writePlanned(session, plan, options);
      }),
    );
};
