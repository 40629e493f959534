/** Tables for a terminal: columns as wide as their widest cell, the last as wide as it likes. */
import type { Colour, Paint } from './paint.ts';

export interface Cell {
  readonly text: string;
  readonly colour: Colour | null;
}

export function cell(text: string | number | null, colour: Colour | null = null): Cell {
  return { text: text === null ? '–' : String(text), colour };
}

const gap = '  ';

/** Lines without trailing blanks; `width`: the last cell is cut there. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: { readonly paint: Paint; readonly width?: number },
): string[] {
  const all = [head.map((title) => cell(title, 'dim')), ...rows];
  const widths = widthsOf(all);
  return all.map((row) => line(row, widths, options));
}

/** How many of the first columns fit into the width, at least one. */
export function columnsWithin(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  width: number,
): number {
  let left = width + gap.length;
  const tooMany = widthsOf([head.map((title) => cell(title)), ...rows]).findIndex((column) => {
    left -= column + gap.length;
    return left < 0;
  });
  return tooMany === -1 ? head.length : Math.max(1, tooMany);
}

function widthsOf(rows: readonly (readonly Cell[])[]): readonly number[] {
  return (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column]?.text ?? ''))),
  );
}

function line(
  row: readonly Cell[],
  widths: readonly number[],
  { paint, width = Number.POSITIVE_INFINITY }: { readonly paint: Paint; readonly width?: number },
): string {
  let room = width;
  let result = '';
  row.forEach(({ text, colour }, column) => {
    const last = column === row.length - 1;
    const shown = cut(text, Math.max(room, 0));
    const padding = last ? '' : ' '.repeat((widths[column] ?? 0) - displayWidth(text));
    result += (colour === null ? shown : paint(colour, shown)) + padding + (last ? '' : gap);
    room -= (widths[column] ?? 0) + gap.length;
  });
  return result.trimEnd();
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

/** Columns that the text takes: East Asian characters and pictures take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character) ? 2 : 1;
  return width;
}

function isWide(character: string): boolean {
  return wide.test(character) || (character.codePointAt(0) ?? 0) > 0x1f000;
}

/** Text of at most so many columns, with `…` for what is missing. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let result = '';
  let room = width - 1;
  for (const character of text) {
    room -= isWide(character) ? 2 : 1;
    if (room < 0) break;
    result += character;
  }
  return width < 1 ? '' : `${result}…`;
}
