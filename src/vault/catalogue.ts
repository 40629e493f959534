/**
 * What lies in the places, as far as it belongs to one service: the points with their summaries,
 * and what about them can't be read.
 */
import type { Readable } from 'node:stream';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { PointId, PointSummary } from '../model/recovery-point.ts';
import type { Place, PlaceError, PointList, VaultContext } from '../ports/vault.ts';
import type { StoredFile } from './archive/reader.ts';
import { openPlaces } from './places/open.ts';
import { pointFile, summaryKey } from './point-names.ts';
import { decodeSummary } from './vouched-file.ts';

/** A point as one place has it. */
export interface Copy {
  readonly place: Place;
  readonly summary: PointSummary;
  /** The archive is there and has the size that the summary says. */
  readonly complete: boolean;
}

/** The points of a service in one place. */
export interface PlaceListing {
  readonly place: Place;
  readonly copies: ReadonlyMap<PointId, Copy>;
  /** Key → bytes, of all that is the service's. */
  readonly files: ReadonlyMap<string, number>;
  /** Points whose summary is damaged there. */
  readonly unreadable: readonly PointId[];
}

export interface Catalogue {
  /** All places, also those that can't be read. */
  readonly places: readonly Place[];
  readonly listings: readonly PlaceListing[];
  readonly problems: readonly PlaceError[];
}

/** Of a summary: it has no list of files. */
const summaryBytesMax = 1 << 20;
/** Each takes a while at a place that is far away. */
const readsAtOnce = 16;

export async function readCatalogue(context: VaultContext): Promise<Catalogue> {
  const places = await openPlaces(context);
  const problems: PlaceError[] = [];
  const listings = await Promise.all(
    places.map(async (place) => {
      try {
        return await readListing(place, context, problems);
      } catch (error) {
        problems.push({ place: place.name, key: null, error: errorInfo(error) });
        return null;
      }
    }),
  );
  return { places, listings: listings.filter((listing) => listing !== null), problems };
}

async function readListing(
  place: Place,
  context: VaultContext,
  problems: PlaceError[],
): Promise<PlaceListing> {
  const files = new Map<string, number>();
  for await (const { key, bytes } of place.list(`${context.service}/`)) files.set(key, bytes);
  const copies = new Map<PointId, Copy>();
  const unreadable: PointId[] = [];
  const read = async (key: string): Promise<void> => {
    const file = pointFile(context.service, key);
    if (file?.part !== 'summary') return;
    try {
      const summary = await readSummary(place, key, context, file.id);
      if (summary === null) return;
      const bytes = files.get(`${context.service}/${summary.archive.file}`);
      copies.set(file.id, { place, summary, complete: bytes === summary.archive.bytes });
    } catch (error) {
      if (isPlaceError(error)) throw error;
      unreadable.push(file.id);
      problems.push({ place: place.name, key, error: errorInfo(error) });
    }
  };
  const keys = [...files.keys()];
  for (let at = 0; at < keys.length; at += readsAtOnce) {
    await Promise.all(keys.slice(at, at + readsAtOnce).map(read));
  }
  return { place, copies, files, unreadable };
}

function isPlaceError(error: unknown): boolean {
  return error instanceof DarumaError && error.code.startsWith('PLACE_');
}

/** Null: another stack's. */
async function readSummary(
  place: Place,
  key: string,
  { stack, service }: VaultContext,
  id: PointId,
): Promise<PointSummary | null> {
  const file = await readSmall(await place.read(key), summaryBytesMax);
  const of = `${place.name}: ${key}`;
  const summary = decodeSummary(file, of);
  if (summary.stack !== stack) return null;
  if (summary.service === service && summary.id === id) return summary;
  const text = `${of} is of ${summary.service}, ${summary.id}, and not of ${service}, ${id}`;
  throw new DarumaError('POINT_FOREIGN', text);
}

/** All of it; more than `bytesMax` is damage. */
export async function readSmall(content: Readable, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    parts.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > bytesMax) throw new DarumaError('POINT_DAMAGED', 'a small file is too large');
  }
  return Buffer.concat(parts);
}

/** The copies of a point, in the order of the places, complete ones first. */
export function copiesOf(catalogue: Catalogue, id: PointId): readonly Copy[] {
  const copies = catalogue.listings.flatMap(({ copies }) => copies.get(id) ?? []);
  return [...copies.filter((copy) => copy.complete), ...copies.filter((copy) => !copy.complete)];
}

export function archiveKeyOf({ service, archive }: PointSummary): string {
  return `${service}/${archive.file}`;
}

/** Oldest first. */
export function pointIds({ listings }: Catalogue): readonly PointId[] {
  return [...new Set(listings.flatMap(({ copies }) => [...copies.keys()]))].sort();
}

export function pointList(catalogue: Catalogue): PointList {
  const points = pointIds(catalogue).flatMap((id) => {
    const copies = copiesOf(catalogue, id);
    const [first] = copies;
    if (first === undefined) return [];
    return [{ ...first.summary, places: copies.map(({ place }) => place.name) }];
  });
  return { points, problems: catalogue.problems };
}

/** The point's copies. Rejects with NOT_FOUND, with POINT_DAMAGED when no summary of it is sound,
 * with POINT_FOREIGN when it is another stack's. */
export async function findPoint(
  context: VaultContext,
  catalogue: Catalogue,
  id: PointId,
): Promise<readonly [Copy, ...Copy[]]> {
  const [first, ...more] = copiesOf(catalogue, id);
  if (first !== undefined) return [first, ...more];
  const key = summaryKey(context.service, id);
  const about = catalogue.problems.find((problem) => problem.key === key || problem.key === null);
  if (about !== undefined) {
    const { code, message } = about.error;
    throw new DarumaError(code === 'POINT_FOREIGN' ? code : 'POINT_DAMAGED', message);
  }
  const holder = catalogue.listings.find(({ files }) => files.has(key));
  if (holder !== undefined) {
    const text = `${holder.place.name}: ${key} is of another stack than ${context.stack}`;
    throw new DarumaError('POINT_FOREIGN', text);
  }
  throw new DarumaError('NOT_FOUND', `${context.service} has no recovery point ${id}`);
}

/** An archive that no summary stands for. */
export function leftoverArchives(
  context: VaultContext,
  { files, copies, unreadable }: PlaceListing,
): readonly { readonly key: string; readonly id: PointId }[] {
  return [...files.keys()].flatMap((key) => {
    const file = pointFile(context.service, key);
    if (file?.part !== 'archive' || unreadable.includes(file.id)) return [];
    const copy = copies.get(file.id);
    const isForeign = copy === undefined && files.has(summaryKey(context.service, file.id));
    const isItsArchive = copy !== undefined && archiveKeyOf(copy.summary) === key;
    return isForeign || isItsArchive ? [] : [{ key, id: file.id }];
  });
}

/** The archive of a copy, to be read. */
export function archiveOf({ place, summary }: Copy): StoredFile {
  const { sha256, encrypted, recipients } = summary.archive;
  return { place, key: archiveKeyOf(summary), sha256, encrypted, recipients };
}
