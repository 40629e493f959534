/**
 * Brings the files of a point back, into a directory that was empty.
 *
 * 1. Nothing is written outside that directory, whatever an archive says: paths are checked, links
 *    are made last, and no file is written through one.
 * 2. Each file is compared with the SHA-256 in the point's manifest; one that differs, or is
 *    missing, fails the whole.
 * 3. When it fails, nothing of it is left.
 * 4. An archive that is damaged in one place is taken from another one.
 */
import {
  chmodSync,
  constants,
  lchownSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DarumaError } from '../model/errors.ts';
import type { ManifestFile, PointId, PointManifest } from '../model/recovery-point.ts';
import type { Progress, VaultContext } from '../ports/vault.ts';
import { type Chunks, Tally } from './archive/flow.ts';
import { dataPath, isSafePath, isWithin, manifestName } from './archive/member-path.ts';
import { damaged, parseManifest, readArchive } from './archive/reader.ts';
import { TarError, type TarMember, type TarReader } from './archive/tar.ts';
import { archiveOf, type Catalogue, type Copy, findPoint, readCatalogue } from './catalogue.ts';
import type { Identities } from './keys.ts';
import { WriteBehind } from './write-behind.ts';

/** A file up to this size is written at once. */
const smallBytes = 1 << 20;

export interface RestoreOptions {
  /** Paths of the point: these and what is below them. Absent: all. */
  readonly only?: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * `intoDir` is made, or must be empty (else REFUSED). What is written is not synced to disk.
 * Rejects with NOT_FOUND, POINT_DAMAGED (the message names the file), POINT_FOREIGN, POINT_TOO_NEW,
 * KEY_MISSING, KEY_WRONG and the errors of the places.
 */
export async function restoreFiles(
  context: VaultContext,
  id: PointId,
  intoDir: string,
  identities: Identities | null,
  how: RestoreOptions,
): Promise<PointManifest> {
  const catalogue = await readCatalogue(context);
  const copies = await findPoint(context, catalogue, id);
  mkdirSync(intoDir, { recursive: true, mode: 0o700 });
  if (readdirSync(intoDir).length > 0) {
    throw new DarumaError('REFUSED', `${intoDir} is not empty`);
  }
  const restoration = new Restoration(intoDir, identities, how, copies[0].summary.dataBytes);
  try {
    const manifest = await firstSound(copies, (copy) => restoration.takeAll(copy));
    requireAll(manifest, how.only ?? []);
    for (const [holder, wanted] of elsewhere(manifest, how.only)) {
      const holders = await findHolder(context, catalogue, id, holder);
      await firstSound(holders, (copy) => restoration.take(copy, wanted));
    }
    await restoration.written();
    restoration.finish(manifest, copies[0]);
    return manifest;
  } catch (error) {
    await restoration.written().catch(() => undefined);
    for (const name of readdirSync(intoDir)) {
      rmSync(join(intoDir, name), { recursive: true, force: true });
    }
    throw error;
  }
}

/** Throws NOT_FOUND for a path that nothing is at. */
function requireAll({ summary, files }: PointManifest, only: readonly string[]): void {
  const missing = only.find((wanted) => !files.some(({ path }) => isWithin(path, [wanted])));
  if (missing !== undefined)
    throw new DarumaError('NOT_FOUND', `point ${summary.id} holds no ${missing}`);
}

/** What other archives hold, by these. */
function elsewhere(
  { files }: PointManifest,
  only: readonly string[] | undefined,
): ReadonlyMap<PointId, ReadonlySet<string>> {
  const found = new Map<PointId, Set<string>>();
  for (const file of files) {
    if (file.in === undefined || !isWithin(file.path, only)) continue;
    const paths = found.get(file.in) ?? new Set();
    found.set(file.in, paths.add(file.path));
  }
  return found;
}

async function findHolder(
  context: VaultContext,
  catalogue: Catalogue,
  id: PointId,
  holder: PointId,
): Promise<readonly Copy[]> {
  try {
    return await findPoint(context, catalogue, holder);
  } catch (cause) {
    throw new DarumaError('POINT_DAMAGED', `${id} needs ${holder}`, { cause });
  }
}

async function firstSound<T>(
  copies: readonly Copy[],
  work: (copy: Copy) => Promise<T>,
): Promise<T> {
  let first: unknown = null;
  for (const copy of copies) {
    try {
      return await work(copy);
    } catch (error) {
      if (!isOfTheCopy(error)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** Whether another copy may do. */
function isOfTheCopy(error: unknown): boolean {
  if (!(error instanceof DarumaError)) return false;
  return ['POINT_DAMAGED', 'NOT_FOUND', 'PLACE_UNREACHABLE', 'PLACE_REFUSED'].includes(error.code);
}

class Restoration {
  readonly #into: string;
  readonly #identities: Identities | null;
  readonly #how: RestoreOptions;
  readonly #totalBytes: number;
  readonly #digests = new Map<string, string>();
  readonly #directories = new Set<string>();
  readonly #behind = new WriteBehind();
  #bytes = 0;

  constructor(
    into: string,
    identities: Identities | null,
    how: RestoreOptions,
    totalBytes: number,
  ) {
    this.#into = into;
    this.#identities = identities;
    this.#how = how;
    this.#totalBytes = totalBytes;
  }

  /** All of a point's own archive. */
  async takeAll(copy: Copy): Promise<PointManifest> {
    let manifest: Buffer | null = null;
    const { only } = this.#how;
    await this.#read(copy, async (member, reader) => {
      if (member.path === manifestName) manifest = await reader.whole();
      const path = pathOf(member);
      if (path !== null && isWithin(path, only)) await this.#write(path, member, reader);
    });
    const file = archiveOf(copy);
    if (manifest === null) throw damaged(file, 'it has no manifest');
    return parseManifest(file, manifest, copy.summary);
  }

  async take(copy: Copy, wanted: ReadonlySet<string>): Promise<void> {
    await this.#read(copy, async (member, reader) => {
      const path = pathOf(member);
      if (path !== null && wanted.has(path)) await this.#write(path, member, reader);
    });
    const missing = [...wanted].find((path) => !this.#digests.has(path));
    if (missing !== undefined) throw damaged(archiveOf(copy), `${missing} is not in it`);
  }

  /** Nothing is being written any more. Rejects when something could not be. */
  written(): Promise<void> {
    return this.#behind.end();
  }

  /** Compares all with the manifest, and makes what is no file. */
  finish({ files }: PointManifest, copy: Copy): void {
    const wanted = files.filter(({ path }) => isWithin(path, this.#how.only));
    for (const file of wanted) this.#check(file, copy);
    for (const { path, type } of wanted) if (type === 'directory') this.#makeDirectory(path);
    for (const file of wanted) {
      this.#makeDirectory(dirname(file.path));
      if (file.type === 'link') symlinkSync(file.link ?? '', join(this.#into, file.path));
    }
    // Below before above: what is made in a directory changes its time.
    for (const file of wanted.toReversed()) if (file.type !== 'directory') this.#dress(file);
    const directories = wanted.filter(({ type }) => type === 'directory');
    directories.sort((a, b) => (a.path < b.path ? 1 : -1));
    for (const file of directories) this.#dress(file);
  }

  async #read(
    copy: Copy,
    visit: (member: TarMember, reader: TarReader) => Promise<void>,
  ): Promise<void> {
    await readArchive(archiveOf(copy), this.#identities, async (member, reader) => {
      this.#how.signal.throwIfAborted();
      await visit(member, reader);
    });
  }

  async #write(path: string, member: TarMember, reader: TarReader): Promise<void> {
    if (member.type !== 'file') return;
    this.#makeDirectory(dirname(path));
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const file = openSync(join(this.#into, path), flags, 0o600);
    const tally = new Tally();
    const content = member.bytes <= smallBytes ? onceWhole(reader) : reader.content();
    await this.#behind.file(file, tally.of(this.#told(content)));
    this.#digests.set(path, tally.digest());
  }

  /** Also of a large file it is told how far it is. */
  async *#told(content: Chunks): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      this.#bytes += chunk.length;
      this.#how.onProgress({ bytes: this.#bytes, total: this.#totalBytes });
      yield chunk;
    }
  }

  #check({ path, type, sha256 }: ManifestFile, copy: Copy): void {
    if (!isSafePath(path)) throw damaged(archiveOf(copy), 'its manifest leads elsewhere');
    if (type !== 'file' || this.#digests.get(path) === sha256) return;
    const what = this.#digests.has(path) ? 'is not as it was' : 'is missing';
    throw damaged(archiveOf(copy), `${path} ${what}`);
  }

  #makeDirectory(path: string): void {
    if (path === '.' || this.#directories.has(path)) return;
    mkdirSync(join(this.#into, path), { recursive: true, mode: 0o700 });
    this.#directories.add(path);
  }

  #dress({ path, type, mode, uid, gid, mtimeMs }: ManifestFile): void {
    const file = join(this.#into, path);
    // Only root may give files away; others restore what is theirs.
    if (process.getuid?.() === 0) lchownSync(file, uid, gid);
    if (type !== 'link') chmodSync(file, mode & 0o7777);
    lutimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
  }
}

/** Null: nothing of the service's. */
function pathOf({ path: member }: TarMember): string | null {
  const path = dataPath(member);
  if (path !== null && !isSafePath(path)) throw new TarError('a member leads elsewhere');
  return path;
}

async function* onceWhole(reader: TarReader): AsyncGenerator<Buffer> {
  yield await reader.whole();
}
