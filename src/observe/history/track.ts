/** The history at one resolution: segments one after the other, the oldest of which are removed. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { type Column, readSegment, SegmentWriter } from './segment.ts';

export interface TrackOptions {
  readonly dir: string;
  /** Begins the names of its segments: `second`, `minute`. */
  readonly name: string;
  readonly rowsPerSegment: number;
  readonly keepMs: number;
}

/** Room for signals that come later. */
const spareColumns = 16;
const spareShare = 1.25;

export class Track {
  readonly #options: TrackOptions;
  #writer: SegmentWriter | null = null;

  constructor(options: TrackOptions) {
    this.#options = options;
  }

  async add(at: number, values: Float64Array, columns: readonly Column[]): Promise<void> {
    const { rowsPerSegment, dir, name } = this.#options;
    const now = this.#writer;
    const fits = now !== null && now.rows < rowsPerSegment && columns.length <= now.width;
    if (!fits) {
      await this.close();
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await this.#removeOld(at);
      const width = Math.ceil(columns.length * spareShare) + spareColumns;
      this.#writer = new SegmentWriter(`${dir}/${name}-${Math.round(at)}`, width);
    }
    try {
      await this.#writer?.add(at, values, columns);
    } catch (error) {
      // What a full disk took half of a row of is not written on to.
      await this.close();
      throw error;
    }
  }

  /** Not while something is being added. */
  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    await writer?.close();
  }

  async read(
    from: number,
    to: number,
    wanted: (column: Column) => boolean,
    visit: (column: Column, at: number, value: number) => void,
  ): Promise<void> {
    const segments = await this.#segments();
    for (const [index, { path, begins }] of segments.entries()) {
      const ends = segments[index + 1]?.begins ?? Number.POSITIVE_INFINITY;
      if (begins > to || ends < from) continue;
      await readSegment(path, wanted, (column, at, value) => {
        if (at >= from && at <= to) visit(column, at, value);
      });
    }
  }

  /** Oldest first. */
  async #segments(): Promise<{ readonly path: string; readonly begins: number }[]> {
    const { dir, name } = this.#options;
    const pattern = new RegExp(`^${name}-(\\d+)\\.json$`);
    return (await namesIn(dir))
      .flatMap((file) => {
        const begins = pattern.exec(file)?.[1];
        return begins === undefined
          ? []
          : [{ path: `${dir}/${name}-${begins}`, begins: Number(begins) }];
      })
      .sort((left, right) => left.begins - right.begins);
  }

  /** A segment is as old as the beginning of the next. */
  async #removeOld(at: number): Promise<void> {
    const segments = await this.#segments();
    const old = segments.filter((_, index) => {
      const next = segments[index + 1];
      return next !== undefined && next.begins < at - this.#options.keepMs;
    });
    for (const { path } of old) {
      await rm(`${path}.rows`, { force: true });
      await rm(`${path}.json`, { force: true });
    }
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
