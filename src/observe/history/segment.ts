/**
 * A piece of the history on disk: rows of one moment each, in columns of one signal each.
 *
 *   NAME.json   the columns, in order      NAME.rows   per row: time (float64), values (float32)
 *
 * Rows have room for more columns than there are at first, so that a new signal needs no new
 * segment; what has no value is NaN. A row that was cut short by a kill is not read.
 */
import { type FileHandle, open, readFile, rename, writeFile } from 'node:fs/promises';
import type { ComponentId } from '../../model/ids.ts';
import type { SignalName } from '../../model/sample.ts';

export type Column = readonly [ComponentId, SignalName];

export interface SegmentHead {
  /** Columns that a row has room for. */
  readonly width: number;
  readonly columns: readonly Column[];
}

const timeBytes = 8;
const valueBytes = 4;

function rowBytes(width: number): number {
  return timeBytes + width * valueBytes;
}

export class SegmentWriter {
  readonly path: string;
  readonly width: number;
  readonly #row: DataView<ArrayBuffer>;
  /** Kept open: to open and close it takes more than to write. */
  #file: FileHandle | null = null;
  #rows = 0;
  #columnsWritten = 0;

  constructor(path: string, width: number) {
    this.path = path;
    this.width = width;
    this.#row = new DataView(new ArrayBuffer(rowBytes(width)));
  }

  get rows(): number {
    return this.#rows;
  }

  /** One at a time. `values` may be longer than the columns; NaN: none. */
  async add(at: number, values: Float64Array, columns: readonly Column[]): Promise<void> {
    if (columns.length > this.#columnsWritten) await this.#keepColumns(columns);
    this.#row.setFloat64(0, at, true);
    for (let index = 0; index < this.width; index += 1) {
      const value = index < columns.length ? (values[index] ?? Number.NaN) : Number.NaN;
      this.#row.setFloat32(timeBytes + index * valueBytes, value, true);
    }
    this.#file ??= await open(`${this.path}.rows`, 'a', 0o600);
    await this.#file.write(new Uint8Array(this.#row.buffer));
    this.#rows += 1;
  }

  /** Not while a row is being added; nothing is added afterwards. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #keepColumns(columns: readonly Column[]): Promise<void> {
    const head: SegmentHead = { width: this.width, columns };
    await writeFile(`${this.path}.json.new`, JSON.stringify(head), { mode: 0o600 });
    await rename(`${this.path}.json.new`, `${this.path}.json`);
    this.#columnsWritten = columns.length;
  }
}

/** Calls back with each row's time and the values of the columns asked for, oldest first. */
export async function readSegment(
  path: string,
  wanted: (column: Column) => boolean,
  visit: (column: Column, at: number, value: number) => void,
): Promise<void> {
  const head = JSON.parse(await readFile(`${path}.json`, 'utf8')) as SegmentHead;
  const picked = head.columns.flatMap((column, index) =>
    wanted(column) ? [{ column, index }] : [],
  );
  if (picked.length === 0) return;
  const bytes = await readFile(`${path}.rows`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = rowBytes(head.width);
  for (let row = 0; row + size <= bytes.length; row += size) {
    const at = view.getFloat64(row, true);
    for (const { column, index } of picked) {
      const value = view.getFloat32(row + timeBytes + index * valueBytes, true);
      if (!Number.isNaN(value)) visit(column, at, value);
    }
  }
}
