import type { StoredRecord } from '../../model/record.ts';
import { recordText } from '../../model/record-text.ts';
import type { Account } from '../account.ts';
import type { AddCommand } from '../command.ts';
import { untilInterrupted } from '../interrupt.ts';
import type { Session } from '../session.ts';
import { clockText, dateText } from '../time-text.ts';
import { wholeNumber } from '../whole-number.ts';

interface EventsOptions {
  readonly follow?: boolean;
  readonly lines: number;
}

const pageSize = 1_000;

export const addEvents: AddCommand = ({ program, action }) => {
  program
    .command('events')
    .description('show what happened and what was decided')
    .option('-f, --follow', 'go on as new ones come')
    .option('-n, --lines <count>', 'show the last so many', wholeNumber, 50)
    .action(
      action(async (session, options: EventsOptions) => {
        const { client } = session;
        const records = await session.fromAccount((account) =>
          latest(account, session.json, options.lines),
        );
        for (const stored of records) show(session, stored, dateText(stored.record.at));
        if (options.follow !== true) return 0;
        const after = records.at(-1)?.seq ?? (await client.lastSeq());
        const signal = untilInterrupted();
        for await (const stored of client.follow(after, signal)) {
          show(session, stored, clockText(stored.record.at));
        }
        return 0;
      }),
    );
};

/** JSON is one object per line, complete; text leaves out mere bookkeeping. */
function show(session: Session, stored: StoredRecord, time: string): void {
  if (session.json) {
    session.print(JSON.stringify(stored));
    return;
  }
  const text = recordText(stored.record);
  const mark = stored.unrecorded ? ' (unrecorded)' : '';
  if (text !== null) session.print(`${session.paint('dim', time)}  ${text}${mark}`);
}

/** The last ones that are worth showing. */
async function latest(account: Account, json: boolean, count: number): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  let end = await account.lastSeq();
  while (end > 0 && found.length < count) {
    const after = Math.max(0, end - pageSize);
    const page = (await account.records(after, pageSize)).filter(({ seq }) => seq <= end);
    found.unshift(...page.filter(({ record }) => json || recordText(record) !== null));
    end = after;
  }
  return found.slice(Math.max(0, found.length - count));
}
