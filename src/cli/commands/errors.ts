import type { ErrorOrigin, ErrorRecord } from '../../model/error-record.ts';
import { DarumaError } from '../../model/errors.ts';
import type { AddCommand } from '../command.ts';
import type { Session } from '../session.ts';
import { cell, table } from '../table.ts';
import { dateText } from '../time-text.ts';
import { wholeNumber } from '../whole-number.ts';

const mostErrors = 1_000;

export const addErrors: AddCommand = ({ program, action }) => {
  const errors = program
    .command('errors')
    .description('list distinct errors with how often and since when they happen')
    .option('-n, --lines <count>', 'show so many', wholeNumber, 50)
    .action(
      action(async (session, { lines }: { readonly lines: number }) => {
        const records = await session.client.errors(Math.max(1, lines));
        if (session.json) session.printJson(records);
        else if (records.length === 0) session.print('no errors');
        else session.print(...errorTable(records, session));
        return 0;
      }),
    );
  errors
    .command('show <id>')
    .description('show one error with all that is known of it')
    .action(
      action(async (session, id: string) => {
        const record = (await session.client.errors(mostErrors)).find((each) => each.id === id);
        if (record === undefined) throw new DarumaError('NOT_FOUND', `there is no error ${id}`);
        if (session.json) session.printJson(record);
        else session.print(...errorLines(record));
        return 0;
      }),
    );
  errors
    .command('ack <id>')
    .description('note down that you have seen to it')
    .action(
      action(async (session, id: string) => {
        await session.client.acknowledgeError(id, session.user);
        if (session.json) session.printJson({ id, acknowledgedBy: session.user });
        else session.print(`${id} acknowledged`);
        return 0;
      }),
    );
};

function errorTable(records: readonly ErrorRecord[], { paint }: Session): string[] {
  const rows = records.map((record) => [
    cell(record.id),
    cell(record.count),
    cell(dateText(record.lastSeen)),
    cell(originText(record.origin)),
    cell(record.source),
    cell(record.acknowledgedBy ?? '–'),
    cell(record.code, record.acknowledgedBy === null ? 'red' : 'dim'),
    cell(record.message.replaceAll(/\s+/g, ' ')),
  ]);
  const head = ['ID', 'COUNT', 'LAST SEEN', 'ORIGIN', 'SOURCE', 'SEEN TO BY', 'CODE', 'MESSAGE'];
  return table(head, rows, { paint });
}

function errorLines(record: ErrorRecord): string[] {
  const { id, code, message, origin, source, count, firstSeen, lastSeen } = record;
  return [
    `${id}  ${code}: ${message}`,
    `origin:       ${originText(origin)} on ${origin.host}`,
    `told by:      ${source}`,
    `count:        ${count}`,
    `first seen:   ${dateText(firstSeen)}`,
    `last seen:    ${dateText(lastSeen)}`,
    `acknowledged: ${record.acknowledgedBy ?? 'no'}`,
  ];
}

function originText({ instance, service }: ErrorOrigin): string {
  return instance ?? service ?? 'daruma';
}
