/** What Daruma learned from outcomes, and how to carry it elsewhere. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DarumaError } from '../../model/errors.ts';
import type { AddCommand } from '../command.ts';
import { requireConsent } from '../consent.ts';
import { detectorTable, knowledgeText } from '../knowledge-text.ts';
import type { Session } from '../session.ts';

interface Consent {
  readonly yes?: boolean;
}

async function show(session: Session): Promise<number> {
  const learned = await session.client.learned();
  if (session.json) session.printJson(learned.services);
  else session.print(...knowledgeText(learned, session.paint));
  return 0;
}

export const addKnowledge: AddCommand = ({ program, action }) => {
  const knowledge = program
    .command('knowledge')
    .description('show what was learned: faults, what mends them, what passes them on')
    .action(action(show));
  knowledge.command('show').description('the same').action(action(show));
  knowledge
    .command('export')
    .description('print what was learned as JSON, for `knowledge import`')
    .option('--output <path>', 'write it to a file')
    .action(
      action(async (session, { output }: { readonly output?: string }) => {
        const known = await session.client.knowledge();
        if (output === undefined) session.printJson(known);
        else await writeExport(resolve(session.io.cwd, output), known);
        return 0;
      }),
    );
  knowledge
    .command('import <file>')
    .description('replace what was learned by an export')
    .option('--yes', 'do not ask')
    .action(
      action(async (session, file: string, { yes }: Consent) => {
        const known = await readExport(resolve(session.io.cwd, file));
        await requireConsent(session, 'Replace all that was learned?', yes === true);
        return tell(session, await session.client.importKnowledge(session.user, known));
      }),
    );
  knowledge
    .command('reset')
    .description('forget what was learned; the default tables are left')
    .option('--yes', 'do not ask')
    .action(
      action(async (session, { yes }: Consent) => {
        await requireConsent(session, 'Forget all that was learned?', yes === true);
        return tell(session, await session.client.resetKnowledge(session.user));
      }),
    );
};

export const addDetectors: AddCommand = ({ program, action }) => {
  program
    .command('detectors')
    .description('list detectors with their hits, misses and false alarms')
    .action(
      action(async (session) => {
        const { detectors } = await session.client.learned();
        if (session.json) session.printJson(detectors);
        else session.print(...detectorTable(detectors, session.paint));
        return 0;
      }),
    );
};

function tell(session: Session, message: string): number {
  if (session.json) session.printJson({ message });
  else session.print(message);
  return 0;
}

async function writeExport(path: string, known: unknown): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(known, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new DarumaError('REFUSED', `${path} can't be written`, { cause: error });
  }
}

export async function readExport(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const known = error instanceof SyntaxError ? 'is no JSON' : "can't be read";
    throw new DarumaError('BAD_REQUEST', `${path} ${known}`, { cause: error });
  }
}
