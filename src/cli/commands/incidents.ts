import { DarumaError } from '../../model/errors.ts';
import type { IncidentView } from '../../model/view.ts';
import type { AddCommand } from '../command.ts';
import { explainText, incidentTable } from '../explain-text.ts';
import { wholeNumber } from '../whole-number.ts';

/** So many of the newest are looked at for one that came back. */
const lookedAt = 50;

export const addIncidents: AddCommand = ({ program, action }) => {
  program
    .command('incidents')
    .description('list incidents, newest first')
    .option('-n, --lines <count>', 'show so many', wholeNumber, 20)
    .action(
      action(async (session, { lines }: { readonly lines: number }) => {
        const incidents = await session.fromAccount((account) =>
          account.incidents(Math.max(1, lines)),
        );
        if (session.json) session.printJson(incidents);
        else if (incidents.length === 0) session.print('no incidents');
        else session.print(...incidentTable(incidents, session.paint));
        return 0;
      }),
    );
  program
    .command('explain [incident]')
    .description('tell an incident (default: the latest): what was seen, blamed and done, and why')
    .action(
      action(async (session, id?: string) => {
        const incident = await session.fromAccount(async (account) =>
          id === undefined ? latestOf(await account.incidents(lookedAt)) : account.incident(id),
        );
        if (incident === undefined) throw new DarumaError('NOT_FOUND', 'there was no incident yet');
        if (session.json) session.printJson(incident);
        else session.print(...explainText(incident, session.paint));
        return 0;
      }),
    );
};

/** That began, or came back, last. */
function latestOf(incidents: readonly IncidentView[]): IncidentView | undefined {
  const beganAt = ({ returned, onset }: IncidentView) => returned ?? onset;
  return incidents.toSorted((left, right) => beganAt(right) - beganAt(left))[0];
}
