/**
 * Makes a recovery point.
 *
 * 1. The summary is written last, and only where the archive was read back and is what was written:
 *    until then there is no point.
 * 2. A place that fails doesn't keep the others from having the point.
 * 3. What may be left after a kill is noted before it is begun.
 * 4. The local index tells of a point only once that is stored.
 */
import { DarumaError, type ErrorCode, errorInfo, errorTable } from '../model/errors.ts';
import type { PointId, PointSummary } from '../model/recovery-point.ts';
import type {
  MadePoint,
  OpenSource,
  Place,
  PlaceError,
  PointSource,
  Progress,
  VaultContext,
} from '../ports/vault.ts';
import { coded } from './archive/codec.ts';
import type { Chunks } from './archive/flow.ts';
import { ArchiveWriter } from './archive/writer.ts';
import { findBase } from './base.ts';
import { type Catalogue, pointIds, readCatalogue } from './catalogue.ts';
import { newHeader } from './keys.ts';
import { type LocalIndex, writeIndex } from './local-index.ts';
import { noteKeys } from './notes.ts';
import { archiveName, newPointId } from './point-names.ts';
import { type Encryption, encryptionOf } from './recipients.ts';
import { expectedBytes, findRoom, type Room } from './room.ts';
import { type Spread, writeToAll } from './spread.ts';
import { storeSummaries } from './store-summary.ts';

export interface MakeOptions {
  /** A person's, or null. */
  readonly name: string | null;
  readonly why: string;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly chance: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** What all attempts at a point have in common. */
interface Plan {
  readonly context: VaultContext;
  readonly source: PointSource;
  readonly how: MakeOptions;
  readonly catalogue: Catalogue;
  readonly encryption: Encryption;
  readonly base: LocalIndex | null;
}

/**
 * Rejects when no place has it then: with the error of the source, or of the places (PLACE_FULL,
 * PLACE_UNREACHABLE, PLACE_REFUSED).
 */
export async function makePoint(
  context: VaultContext,
  source: PointSource,
  how: MakeOptions,
): Promise<MadePoint> {
  const catalogue = await readCatalogue(context);
  const reachable = catalogue.listings.map(({ place }) => place);
  const encryption = await encryptionOf(context.spec.encryptTo, reachable);
  const base = findBase(context, catalogue, source, encryption.names);
  const plan: Plan = { context, source, how, catalogue, encryption, base };
  const expected = expectedBytes(catalogue, base === null ? 'full' : 'increment');
  const { roomy, failed: without } = await findRoom(reachable, expected);
  const failed = [...catalogue.problems.filter(({ key }) => key === null), ...without];
  for (const places of rounds(plan, roomy)) {
    const made = await attempt(plan, places);
    failed.push(...made.failed);
    if (made.summary === null) continue;
    const foreseen = await foresee(plan, made.summary);
    // Where a point went elsewhere because there was no room, nothing failed.
    const told = context.spec.spread === 'room' ? failed.filter(isNoMatterOfRoom) : failed;
    return { summary: made.summary, stored: made.stored, failed: told, foreseen };
  }
  throw noPlace(context, failed);
}

/** Which places are to have it together; the next ones are for when these fail. */
function rounds({ context }: Plan, roomy: readonly Room[]): readonly (readonly Place[])[] {
  if (context.spec.spread === 'all') return roomy.length === 0 ? [] : [roomy.map((r) => r.place)];
  const bytes = ({ free }: Room): number => free ?? Number.MAX_VALUE;
  return roomy.toSorted((a, b) => bytes(b) - bytes(a)).map(({ place }) => [place]);
}

function isNoMatterOfRoom({ error }: PlaceError): boolean {
  return error.code !== 'PLACE_FULL';
}

function noPlace({ service }: VaultContext, failed: readonly PlaceError[]): DarumaError {
  const [first] = failed;
  const known = first !== undefined && first.error.code in errorTable;
  const code = known ? (first.error.code as ErrorCode) : 'PLACE_UNREACHABLE';
  const reasons = failed.map(({ error }) => error.message).join('; ');
  return new DarumaError(code, `no place takes a recovery point of ${service}: ${reasons}`);
}

interface Attempt {
  readonly summary: PointSummary | null;
  readonly stored: readonly string[];
  readonly failed: readonly PlaceError[];
}

async function attempt(plan: Plan, places: readonly Place[]): Promise<Attempt> {
  const { context, source, how, encryption } = plan;
  const id = freeId(plan);
  const key = `${context.service}/${archiveName(id, encryption.recipients.length > 0)}`;
  const forgetNote = noteKeys(context, [key]);
  const stored: Place[] = [];
  let open: OpenSource | null = null;
  try {
    open = await source.open(how.signal);
    const written = await writeArchive(plan, id, open, places, key);
    const failed = [...written.spread.failed];
    const { archive } = written;
    if (archive !== null) {
      const summarized = await storeSummaries(written.spread.stored, archive.summary);
      stored.push(...summarized.stored);
      failed.push(...summarized.failed);
      if (stored.length > 0) writeIndex(context, { id, files: archive.indexed });
    }
    return {
      summary: stored.length === 0 ? null : (archive?.summary ?? null),
      stored: stored.map(({ name }) => name),
      failed: failed.map(({ place, error }) => {
        return { place: place.name, key, error: errorInfo(error) };
      }),
    };
  } finally {
    await open?.abort();
    const others = places.filter((place) => !stored.includes(place));
    const removed = await Promise.allSettled(others.map((place) => place.remove(key)));
    // Otherwise the note stays, for the next sweep.
    if (removed.every(({ status }) => status === 'fulfilled')) forgetNote();
  }
}

function freeId({ catalogue, how }: Plan): PointId {
  const taken = new Set(pointIds(catalogue));
  for (;;) {
    const id = newPointId(how.now(), how.chance());
    if (!taken.has(id)) return id;
  }
}

interface Written {
  readonly spread: Spread;
  /** Null: no place took all of it. */
  readonly archive: {
    readonly summary: PointSummary;
    readonly indexed: LocalIndex['files'];
  } | null;
}

async function writeArchive(
  plan: Plan,
  id: PointId,
  source: OpenSource,
  places: readonly Place[],
  key: string,
): Promise<Written> {
  const { how, encryption } = plan;
  const beganAt = how.now();
  const writer = new ArchiveWriter({
    id,
    source,
    known: plan.base?.files ?? new Map(),
    summarize: (told, found) => summaryHead(plan, { id, beganAt, told, found }),
    onBytes: progressOf(plan),
  });
  const isEncrypted = encryption.recipients.length > 0;
  const age = isEncrypted ? await newHeader(encryption.recipients) : null;
  const packed = coded({ kind: 'pack', age }, until(how.signal, writer.content()));
  const spread = await writeToAll(places, key, packed.chunks);
  if (spread.stored.length === 0) return { spread, archive: null };
  const archive = {
    file: key.slice(plan.context.service.length + 1),
    ...packed.stored(),
    encrypted: isEncrypted,
    recipients: encryption.names,
  };
  const summary = { ...writer.summary, archive };
  return { spread, archive: { summary, indexed: writer.indexed } };
}

async function* until(signal: AbortSignal, chunks: Chunks): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}

function progressOf({ how, catalogue }: Plan): (bytes: number) => void {
  const last = pointIds(catalogue).at(-1);
  const copies = last === undefined ? [] : catalogue.listings.map((each) => each.copies.get(last));
  const total = copies.find((copy) => copy !== undefined)?.summary.dataBytes ?? null;
  let done = 0;
  return (bytes) => {
    done += bytes;
    how.onProgress({ bytes: done, total });
  };
}

type Summarize = ConstructorParameters<typeof ArchiveWriter>[0]['summarize'];

function summaryHead(
  { context, source, how, base }: Plan,
  facts: {
    readonly id: PointId;
    readonly beganAt: number;
    readonly told: Parameters<Summarize>[0];
    readonly found: Parameters<Summarize>[1];
  },
): Omit<PointSummary, 'archive'> {
  const { id, beganAt, told, found } = facts;
  const isIncrement = found.needs.length > 0;
  return {
    format: 1,
    id,
    stack: context.stack,
    service: context.service,
    kind: source.kind,
    name: how.name,
    why: how.why,
    at: told.at,
    beganAt,
    endedAt: how.now(),
    parent: isIncrement ? (base?.id ?? null) : null,
    ...(isIncrement ? { needs: found.needs } : {}),
    versions: { daruma: context.version, ...told.versions },
    dataBytes: found.dataBytes,
    ...(told.postgres === undefined ? {} : { postgres: told.postgres }),
    ...(told.notes === undefined ? {} : { notes: told.notes }),
  };
}

/** Where the next full point will find no room. With `room`, one place that has some is enough. */
async function foresee(plan: Plan, summary: PointSummary): Promise<readonly PlaceError[]> {
  const places = plan.catalogue.listings.map(({ place }) => place);
  const isFull = summary.needs === undefined;
  const bytes = isFull ? summary.archive.bytes : expectedBytes(plan.catalogue, 'full');
  if (bytes === null) return [];
  const { roomy, failed } = await findRoom(places, bytes);
  const full = failed.filter(({ error }) => error.code === 'PLACE_FULL');
  return plan.context.spec.spread === 'room' && roomy.length > 0 ? [] : full;
}
