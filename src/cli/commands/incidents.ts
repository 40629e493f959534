import { DarumaError } from '../../model/errors.ts';
import type { AddCommand } from '../command.ts';
import { explainText, incidentTable } from '../explain-text.ts';
import { wholeNumber } from '../whole-number.ts';

export const addIncidents: AddCommand = ({ program, action }) => {
  program
    .command('incidents')
    .description('list incidents, newest first')
    .option('-n, --lines <count>', 'show so many', wholeNumber, 20)
    .action(
      action(async (session, { lines }: { readonly lines: number }) => {
        const incidents = await session.client.incidents(Math.max(1, lines));
        if (session.json) session.printJson(incidents);
        else if (incidents.length === 0) session.print('no incidents');
        else session.print(...incidentTable(incidents, session.paint));
        return 0;
      }),
    );
  program
    .command('explain [incident]')
    .description('tell an incident (default: the newest): what was seen, blamed and done, and why')
    .action(
      action(async (session, id?: string) => {
        const { client } = session;
        const incident =
          id === undefined ? (await client.incidents(1))[0] : await client.incident(id);
        if (incident === undefined) throw new DarumaError('NOT_FOUND', 'there was no incident yet');
        if (session.json) session.printJson(incident);
        else session.print(...explainText(incident, session.paint));
        return 0;
      }),
    );
};
