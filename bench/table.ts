/** A result as a table, for a terminal or in Markdown. */
import type { Result } from './results.ts';
import type { Figure } from './tally.ts';

/** Figure names in the order in which they were measured first. */
function figureNames({ figures }: Result): string[] {
  return [...new Set(Object.values(figures).flatMap((own) => Object.keys(own)))];
}

export function rows(result: Result): string[][] {
  const names = figureNames(result);
  const states = Object.keys(result.end_states).length > 0;
  const head = ['', ...names, ...(states ? ['ends at'] : [])];
  const body = Object.entries(result.figures).map(([contender, own]) => [
    contender,
    ...names.map((name) => (own[name] === undefined ? '–' : cell(own[name]))),
    ...(states ? [result.end_states[contender] ?? ''] : []),
  ]);
  return [head, ...body];
}

/** Median, and the range where there is one. */
function cell({ min, median, max, n }: Figure): string {
  if (n === 1 || min === max) return number(median);
  return `${number(median)} (${number(min)}–${number(max)})`;
}

function number(value: number): string {
  if (Number.isInteger(value) || value >= 100) return Math.round(value).toLocaleString('en-GB');
  return value.toFixed(value < 2 ? 2 : 1);
}

export function textTable(result: Result): string {
  const all = rows(result);
  const widths = (all[0] ?? []).map((_, column) =>
    Math.max(...all.map((row) => [...(row[column] ?? '')].length)),
  );
  const lines = all.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, '', ...ratioLines(result), ...result.failures].join('\n');
}

export function ratioLines({ ratios }: Result): string[] {
  return Object.entries(ratios).map(([pair, own]) => {
    const parts = Object.entries(own).map(([name, value]) => `${name} ${value}`);
    return `${pair}: ${parts.join(' · ')}`;
  });
}
