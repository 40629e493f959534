import { DarumaError } from '../../model/errors.ts';
import { isReadOnly } from '../../ports/read-only.ts';
import type { AddCommand } from '../command.ts';
import { maintenanceNotes } from '../maintenance-text.ts';
import type { Session } from '../session.ts';
import { changeNotice } from '../stack-changes.ts';
import { groupNotes, stackHeadline, stackTable } from '../stack-text.ts';

export const addPs: AddCommand = ({ program, action }) => {
  program
    .command('ps')
    .description('show the instances of the stack')
    .action(
      action(async (session) => {
        const view = await session.client.stack();
        const notice = await fileNotice(session);
        const waits = [...groupNotes(view), ...maintenanceNotes(view)];
        if (session.json) session.printJson({ ...view, fileChanged: notice !== null });
        else {
          const notices = [notice, diskNotice(session), ...waits].flatMap((text) =>
            text === null ? [] : [session.paint('yellow', text)],
          );
          session.print(stackHeadline(view), ...notices, '', ...stackTable(view, session.paint));
        }
        return 0;
      }),
    );
};

/** Null: the state can be written, or its disk is full. */
function diskNotice({ stateDir }: Session): string | null {
  if (!isReadOnly(stateDir)) return null;
  return (
    `${stateDir} is on a read-only file system: services are watched and restarted, but nothing ` +
    'is recorded, and their output is lost where they are started anew'
  );
}

/** Whether the stack file has changed since; null: no, or an older Daruma runs that can't tell. */
async function fileNotice(session: Session): Promise<string | null> {
  try {
    return changeNotice(await session.client.configuration(), session.command);
  } catch (error) {
    if (error instanceof DarumaError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}
