/** Writes a first stack file for what runs on this machine. */
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { DarumaError, errorInfo, exitCodes } from '../../model/errors.ts';
import type { AddCommand } from '../command.ts';
import { discover } from '../discovery.ts';
import { firstStackText } from '../first-stack.ts';

const fileName = 'daruma.yaml';

export const addInit: AddCommand = ({ program, action }) => {
  program
    .command('init')
    .description('look at what runs here and write a first stack file, in observe mode')
    .option('--print', 'print it, write nothing')
    .action(
      action(async (session, options: { readonly print?: boolean }) => {
        const { cwd, out } = session.io;
        const services = discover(cwd, homedir());
        if (services.length === 0) throw new DarumaError('NOT_FOUND', nothingFound);
        const name = basename(cwd)
          .toLowerCase()
          .replaceAll(/[^a-z0-9]+/g, '-');
        const text = firstStackText(/^[a-z]/.test(name) ? name : 'stack', services);
        if (options.print === true) {
          out.write(text);
          return exitCodes.ok;
        }
        const path = join(cwd, fileName);
        writeNew(path, text);
        if (session.json) session.printJson({ path, services: services.map((each) => each.name) });
        else session.print(`wrote ${path} with ${services.length} services`, ...next);
        return exitCodes.ok;
      }),
    );
};

const nothingFound = `nothing that listens was found here: write ${fileName} by hand`;
const next = ['then: complete the lines marked TODO, `daruma check`, `daruma up`'];

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if (errorInfo(error).code !== 'EEXIST') throw error;
    throw new DarumaError('REFUSED', `${path} is there already`);
  }
}
