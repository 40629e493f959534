/** Errors for a terminal. */
import type {
  ErrorDetail,
  ErrorMute,
  ErrorOccurrence,
  ErrorOrigin,
  ErrorRecord,
} from '../model/error-record.ts';
import type { Paint } from './paint.ts';
import { sparkline } from './signal-text.ts';
import { cell, table } from './table.ts';
import { dateText } from './time-text.ts';

const trendWidth = 12;

export function errorTable(records: readonly ErrorRecord[], paint: Paint): string[] {
  const rows = records.map((record) => [
    cell(record.id),
    cell(record.count),
    cell(trendText(record.trend.hours)),
    cell(dateText(record.lastSeen)),
    cell(originText(record.origin)),
    cell(record.source),
    cell(standing(record)),
    cell(record.code, isQuiet(record) ? 'dim' : 'red'),
    cell(record.message.replaceAll(/\s+/g, ' ')),
  ]);
  const head = [
    'ID',
    'COUNT',
    '24 H',
    'LAST SEEN',
    'ORIGIN',
    'SOURCE',
    'SEEN TO',
    'CODE',
    'MESSAGE',
  ];
  return table(head, rows, { paint });
}

export function errorLines(error: ErrorDetail): string[] {
  const { id, code, message, origin, source, count, firstSeen, lastSeen, stack } = error;
  return [
    `${id}  ${code}: ${message}`,
    `origin:       ${originText(origin)} on ${origin.host}`,
    `told by:      ${source}`,
    `release:      ${error.release ?? 'not known'}`,
    `count:        ${count}`,
    `24 hours:     ${trendText(error.trend.hours)} ${sum(error.trend.hours)}`,
    `7 days:       ${trendText(error.trend.quarters)} ${sum(error.trend.quarters)}`,
    `first seen:   ${dateText(firstSeen)}`,
    `last seen:    ${dateText(lastSeen)}`,
    `incidents:    ${error.incidents.map(({ incident }) => incident).join(', ') || 'none'}`,
    `acknowledged: ${error.acknowledgedBy ?? 'no'}`,
    `muted:        ${error.muted === null ? 'no' : muteText(error.muted)}`,
    ...(stack === null ? [] : ['stack:', ...stack.split('\n').map((line) => `  ${line}`)]),
    ...(error.occurrences.length === 0 ? [] : ['latest:']),
    ...error.occurrences.map(occurrenceLine),
  ];
}

function occurrenceLine({ at, message, role, release, incident }: ErrorOccurrence): string {
  const about = [role, release, incident].filter((part) => part !== undefined).join(', ');
  const text = message.replaceAll(/\s+/g, ' ');
  return `  ${dateText(at)}  ${text}${about === '' ? '' : `  (${about})`}`;
}

function originText({ instance, service, role }: ErrorOrigin): string {
  const name = instance ?? service ?? 'daruma';
  return role === undefined ? name : `${name} (${role})`;
}

function standing({ acknowledgedBy, muted }: ErrorRecord): string | null {
  return muted === null ? acknowledgedBy : `muted ${muteText(muted)}`;
}

function muteText({ by, until }: ErrorMute): string {
  return `by ${by} ${until === null ? 'for ever' : `until ${dateText(until)}`}`;
}

function isQuiet({ acknowledgedBy, muted }: ErrorRecord): boolean {
  return acknowledgedBy !== null || muted !== null;
}

function trendText(counts: readonly number[]): string {
  const points = counts.map((count, index): readonly [number, number] => [index, count]);
  return sparkline(points, { from: 0, to: counts.length }, Math.min(counts.length, trendWidth));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
