/** What a database's log says was dropped, and how to go back to just before it. */
import type { Dropped, SearchedLog } from '../ports/data-driver.ts';
import type { Paint } from './paint.ts';
import { cell, table } from './table.ts';
import { clockText, dateText } from './time-text.ts';

/** `restore`: how a person calls us to restore the service. */
export function droppedLines(
  { dropped, missing }: SearchedLog,
  { restore, paint }: { readonly restore: string; readonly paint: Paint },
): readonly string[] {
  const gaps = missing.map((name) => `${name} of the log is missing: what it says is not here`);
  if (dropped.length === 0) return [...gaps, 'nothing was dropped'];
  const rows = dropped.map((one) => [
    cell(one.at === null ? null : `${dateText(one.at)}${clockText(one.at).slice(8)}`),
    cell(one.database),
    cell(whatText(one)),
    cell(`--to ${one.lsn} --before`),
  ]);
  const last = dropped.at(-1);
  return [
    ...gaps,
    ...table(['WHEN', 'DATABASE', 'WHAT', 'BACK TO JUST BEFORE IT'], rows, { paint }),
    `go back: ${restore} --to ${last?.lsn} --before`,
  ];
}

function whatText({ files, made }: Dropped): string {
  if (files === null) return 'the database dropped';
  const what = `${files} ${files === 1 ? 'table or index' : 'tables and indexes'}`;
  return made === 0 ? `${what} dropped` : `${what} emptied, written anew, or dropped`;
}
