import { DarumaError } from '../../model/errors.ts';
import type { SignalSeries } from '../../model/signal-history.ts';
import { parseDuration } from '../../stack/quantity.ts';
import type { AddCommand } from '../command.ts';
import { plain } from '../paint.ts';
import type { Session } from '../session.ts';
import { signalText, sparkline } from '../signal-text.ts';
import { type Cell, cell, displayWidth, table } from '../table.ts';

interface Options {
  readonly since: string;
  readonly signal: readonly string[];
}

const sparkWidthMin = 10;
const sparkWidthMax = 30;

export const addSignals: AddCommand = ({ program, action }) => {
  program
    .command('signals <service[/n]>')
    .description('show how its signals went: an hour by the second, a week by the minute')
    .option('--since <duration>', 'from so long ago until now, such as 10m, 2h', '10m')
    .option('--signal <name...>', 'only these, such as cpu, memory.rss', [])
    .action(action(show));
};

async function show(session: Session, of: string, options: Options): Promise<number> {
  const sinceMs = parseDuration(options.since);
  if (sinceMs === null || sinceMs === 0) {
    const text = `--since: expected a duration such as 10m, found «${options.since}»`;
    throw new DarumaError('BAD_REQUEST', text);
  }
  const { at, services } = await session.client.stack();
  const known = services.flatMap(({ name, instances }) => [name, ...instances.map(({ id }) => id)]);
  if (!known.includes(of)) throw new DarumaError('NOT_FOUND', `there is no ${of} in this stack`);
  const range = { from: at - sinceMs, to: at };
  const wanted = options.signal.length === 0 ? {} : { signals: options.signal };
  const series = await session.client.history({ of, ...range, ...wanted });
  if (session.json) session.printJson(series);
  else if (series.length === 0) session.print('nothing was measured in this time');
  else session.print(...seriesTable(series, range, session));
  return 0;
}

function seriesTable(
  series: readonly SignalSeries[],
  range: { readonly from: number; readonly to: number },
  { paint, io }: Session,
): string[] {
  const sorted = series.toSorted(
    (left, right) =>
      left.component.localeCompare(right.component) || left.signal.localeCompare(right.signal),
  );
  const head = ['COMPONENT', 'SIGNAL', 'LAST', 'LEAST', 'MEAN', 'MOST'];
  const figures = sorted.map(figuresOf);
  const taken = Math.max(...table(head, figures, { paint: plain }).map(displayWidth));
  const width = sparkWidth((io.out.isTTY === true && io.out.columns) || null, taken);
  const rows = figures.map((row, index) => {
    const spark = sparkline(sorted[index]?.points ?? [], range, width);
    return [...row, cell(spark, 'cyan')];
  });
  return table([...head, ''], rows, { paint });
}

function figuresOf({ component, signal, points }: SignalSeries): readonly Cell[] {
  const values = points.map(([, value]) => value);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const figures = [values.at(-1) ?? 0, Math.min(...values), mean, Math.max(...values)];
  const shown = figures.map((value) => cell(signalText(signal, value)));
  return [cell(component), cell(signal), ...shown];
}

/** What the terminal has left; `columns` null: it is none. */
function sparkWidth(columns: number | null, taken: number): number {
  if (columns === null) return sparkWidthMax;
  return Math.min(sparkWidthMax, Math.max(sparkWidthMin, columns - taken - 2));
}
