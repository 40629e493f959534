/** What the instances use, as a table: the busiest first. */
import type { Sample, SignalName } from '../model/sample.ts';
import type { StackView } from '../model/view.ts';
import type { Paint } from './paint.ts';
import { signalText } from './signal-text.ts';
import { stackHeadline } from './stack-text.ts';
import { type Cell, cell, columnsWithin, table } from './table.ts';

/** What a person asks for first; a narrow terminal shows no more. */
const columns: readonly (readonly [string, SignalName])[] = [
  ['CPU', 'cpu'],
  ['MEMORY', 'memory.rss'],
  ['CHECK', 'health.latency'],
  ['CONNECTIONS', 'endpoint.connections'],
  ['REQUESTS/S', 'endpoint.requests'],
  ['READ', 'io.read'],
  ['WRITE', 'io.write'],
  ['PROCESSES', 'processes'],
  ['FILES', 'descriptors'],
];

/** A terminal, in characters and lines. */
export interface Screen {
  readonly width: number;
  readonly height: number;
}

/** `screen` null: all there is. */
export function usageLines(
  view: StackView,
  samples: readonly Sample[],
  { paint, screen }: { readonly paint: Paint; readonly screen: Screen | null },
): string[] {
  const values = new Map<string, number>();
  for (const { component, signal, value } of samples) values.set(`${component} ${signal}`, value);
  const of = (id: string, signal: SignalName) => values.get(`${id} ${signal}`) ?? null;
  const ids = view.services
    .flatMap(({ instances }) => instances.map(({ id }) => id))
    .filter((id) => of(id, 'memory.rss') !== null)
    .sort((left, right) => (of(right, 'cpu') ?? 0) - (of(left, 'cpu') ?? 0));
  const measured = columns.filter(([, signal]) => ids.some((id) => of(id, signal) !== null));
  const rows = ids.map((id) => [
    cell(id),
    ...measured.map(([, signal]) => {
      const value = of(id, signal);
      return cell(value === null ? null : signalText(signal, value));
    }),
  ]);
  const lines = fitted(['INSTANCE', ...measured.map(([title]) => title)], rows, paint, screen);
  return [stackHeadline(view), '', ...lines];
}

/** Without the columns and rows for which there is no room. */
function fitted(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
  screen: Screen | null,
): string[] {
  if (screen === null) return table(head, rows, { paint });
  const count = columnsWithin(head, rows, screen.width);
  const shown = rows.map((row) => row.slice(0, count));
  const lines = table(head.slice(0, count), shown, { paint });
  // The headline, the blank below it, and the line on which the terminal's cursor stands.
  const room = Math.max(2, screen.height - 3);
  if (lines.length <= room) return lines;
  const more = lines.length - room + 1;
  return [...lines.slice(0, room - 1), paint('dim', `and ${more} more`)];
}
