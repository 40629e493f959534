/** How much the next point will take, by those before it, and which places have room for it. */
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { PointSummary } from '../model/recovery-point.ts';
import type { Place, PlaceError } from '../ports/vault.ts';
import { type Catalogue, copiesOf, pointIds } from './catalogue.ts';

/** Data grows; an estimate has this much to spare. */
const margin = 1.1;
/** Increments that an estimate looks at. */
const incrementsSeen = 5;

/** In bytes; null: there is nothing to go by. */
export function expectedBytes(catalogue: Catalogue, kind: 'full' | 'increment'): number | null {
  const newestFirst = pointIds(catalogue)
    .flatMap((id) => copiesOf(catalogue, id)[0]?.summary ?? [])
    .reverse();
  const alike = newestFirst.filter((summary) => isFull(summary) === (kind === 'full'));
  const sizes = alike
    .slice(0, kind === 'full' ? 1 : incrementsSeen)
    .map(({ archive }) => archive.bytes);
  return sizes.length === 0 ? null : Math.ceil(Math.max(...sizes) * margin);
}

function isFull({ needs = [] }: PointSummary): boolean {
  return needs.length === 0;
}

export interface Room {
  readonly place: Place;
  /** In bytes; null: unknown. */
  readonly free: number | null;
}

/** Places with room for so much, and PLACE_FULL of the others. */
export async function findRoom(
  places: readonly Place[],
  bytes: number | null,
): Promise<{ readonly roomy: readonly Room[]; readonly failed: readonly PlaceError[] }> {
  const roomy: Room[] = [];
  const failed: PlaceError[] = [];
  await Promise.all(
    places.map(async (place) => {
      try {
        const free = await place.free();
        if (free !== null && free < (bytes ?? 1)) throw full(place, free, bytes);
        roomy.push({ place, free });
      } catch (error) {
        failed.push({ place: place.name, key: null, error: errorInfo(error) });
      }
    }),
  );
  return { roomy, failed };
}

function full(place: Place, free: number, bytes: number | null): DarumaError {
  const expected = bytes === null ? '' : `, and a point is expected to take ${megabytes(bytes)}`;
  return new DarumaError('PLACE_FULL', `${place.name}: ${megabytes(free)} are free${expected}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
