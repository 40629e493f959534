/** Availability as a table, and the outages below it. */
import {
  type AvailabilityFigures,
  type AvailabilityReport,
  availabilityWindows,
  type Outage,
  type ServiceAvailability,
} from '../model/availability.ts';
import type { Paint } from './paint.ts';
import { type Cell, cell, table } from './table.ts';
import { dateText, durationText } from './time-text.ts';

const windows = [
  ['day', '24 h'],
  ['week', '7 d'],
  ['month', '30 d'],
] as const;
const head = ['SERVICE', 'NOW', ...windows.map(([, text]) => text), 'MTTD', 'MTTR', 'MTBF'];
const outageHead = ['SERVICE', 'OUTAGE', 'LASTED', 'CAUSE', 'INCIDENT'];
const outagesShown = 10;

export function availabilityLines(report: AvailabilityReport, paint: Paint): string[] {
  const { at, since, services } = report;
  const known = `The log reaches back to ${dateText(since)}`;
  const short = at - since < availabilityWindows.month;
  const note = short ? `${known}: what is older is not counted.` : `${known}.`;
  const lines = [note, '', ...table(head, services.map(serviceRow), { paint })];
  const outages = services
    .flatMap(({ service, outages: list }) => list.map((outage) => ({ service, outage })))
    .sort((a, b) => b.outage.from - a.outage.from)
    .slice(0, outagesShown);
  if (outages.length === 0) return lines;
  const rows = outages.map(({ service, outage }) => outageRow(service, outage));
  return [...lines, '', ...table(outageHead, rows, { paint })];
}

/** Mean times are of 30 days. */
function serviceRow({ service, state, windows: all }: ServiceAvailability): Cell[] {
  const { mttdMs, mttrMs, mtbfMs } = all.month;
  const now = state === 'uncounted' ? cell('not up', 'dim') : cell(state, colours[state]);
  const shares = windows.map(([name]) => shareCell(all[name]));
  return [cell(service), now, ...shares, ...[mttdMs, mttrMs, mtbfMs].map(timeCell)];
}

const colours = { up: 'green', down: 'red' } as const;

function shareCell({ availability, downMs }: AvailabilityFigures): Cell {
  if (availability === null) return cell(null, 'dim');
  return cell(shareText(availability), downMs > 0 ? 'yellow' : null);
}

/** Never rounded up to 100 %. */
function shareText(share: number): string {
  return `${(Math.floor(share * 100_000) / 1_000).toFixed(share === 1 ? 0 : 3)} %`;
}

function timeCell(value: number | null): Cell {
  return value === null ? cell(null, 'dim') : cell(durationText(value));
}

function outageRow(service: string, { from, until, cause, incident }: Outage): Cell[] {
  const lasted = until === null ? cell('goes on', 'red') : cell(durationText(until - from));
  return [cell(service), cell(dateText(from)), lasted, cell(cause), cell(incident)];
}
