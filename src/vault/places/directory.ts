/**
 * A place that is a directory.
 *
 * 1. A file is written below `.partial`, synced and renamed: under its key it is whole.
 * 2. A directory that was once a place and has lost its marker is not written to: the disk that
 *    should be mounted there isn't, and what is below is another one.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { DarumaError, type ErrorCode } from '../../model/errors.ts';
import { bootId, isAlive, ownIdentity } from '../../ports/process-identity.ts';
import type { Place } from '../../ports/vault.ts';

const markerName = '.daruma-vault';
const markerText = 'Recovery points of Daruma. Without this file it writes nothing here.\n';
const partialName = '.partial';
/** What another machine's process writes is let be as long as it grew within this time. */
const foreignAgeMs = 60 * 60 * 1000;
const readBytes = 1 << 20;
const writeBytes = 1 << 20;
/** What the kernel takes at once is 1024. */
const piecesMax = 1000;
const syncBytes = 32 << 20;

interface DirectoryOptions {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** A file that is there once the place was written to. */
  readonly knownFile: string;
}

export class DirectoryPlace implements Place {
  readonly name: string;
  readonly #path: string;
  readonly #knownFile: string;
  #written = 0;

  constructor({ name, path, knownFile }: DirectoryOptions) {
    this.name = name;
    this.#path = path;
    this.#knownFile = knownFile;
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; bytes: number }> {
    await this.#requirePresent();
    const found: { key: string; bytes: number }[] = [];
    await this.#walk(dirname(`${prefix}x`), found);
    found.sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const each of found) if (each.key.startsWith(prefix)) yield each;
  }

  async read(key: string): Promise<Readable> {
    await this.#requirePresent();
    const file = await this.#open(key);
    return Readable.from(this.#chunksOf(file, key), {
      objectMode: false,
      highWaterMark: readBytes,
    });
  }

  async write(key: string, content: Readable): Promise<void> {
    await this.#prepare();
    const partial = this.#partialFile();
    try {
      await this.#writeFile(partial, content);
      // The disk may have gone meanwhile, and another one be in its place.
      await this.#requirePresent();
      await this.#attempt(`write ${key}`, () => this.#moveTo(partial, this.#file(key)));
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await this.#requirePresent();
    const file = this.#file(key);
    await this.#attempt(`remove ${key}`, async () => {
      if (!(await exists(file))) return;
      await rm(file);
      await syncDirectory(dirname(file));
    });
  }

  async free(): Promise<number | null> {
    await this.#requirePresent();
    for (let path = this.#path; ; path = dirname(path)) {
      try {
        const { bavail, bsize } = await statfs(path);
        return bavail * bsize;
      } catch (error) {
        // It is only made with the first point.
        if (codeOf(error) !== 'ENOENT' || path === '/') throw this.#problem('look', error);
      }
    }
  }

  async sweep(): Promise<void> {
    await this.#requirePresent();
    const partial = join(this.#path, partialName);
    for (const name of await namesIn(partial)) {
      const file = join(partial, name);
      if (await isLeftover(name, file)) await rm(file, { force: true });
    }
  }

  async #walk(directory: string, found: { key: string; bytes: number }[]): Promise<void> {
    const path = join(this.#path, directory);
    if (!(await exists(path))) return;
    const entries = await this.#attempt('list', () => readdir(path, { withFileTypes: true }));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const key = directory === '.' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) await this.#walk(key, found);
      else if (entry.isFile()) found.push({ key, bytes: (await stat(this.#file(key))).size });
    }
  }

  async #open(key: string): Promise<FileHandle> {
    const file = this.#file(key);
    try {
      return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw this.#problem(`read ${key}`, error);
      throw new DarumaError('NOT_FOUND', `${this.name}: there is no ${key}`);
    }
  }

  async *#chunksOf(file: FileHandle, key: string): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const buffer = Buffer.allocUnsafeSlow(readBytes);
        const { bytesRead } = await this.#attempt(`read ${key}`, () => file.read(buffer));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  /** An error of `content` is passed on as it is. */
  async #writeFile(path: string, content: Readable): Promise<void> {
    const file = await this.#attempt('write', () => open(path, 'wx', 0o600));
    const output = new SyncedFile(file);
    try {
      for await (const chunk of content) {
        await this.#attempt('write', () => output.write(chunk as Buffer));
      }
      await this.#attempt('write', () => output.end());
    } finally {
      await output.settled();
      await file.close();
    }
  }

  async #moveTo(partial: string, file: string): Promise<void> {
    for (const directory of directoriesBetween(this.#path, file)) await makeDirectory(directory);
    await rename(partial, file);
    await syncDirectory(dirname(file));
  }

  #partialFile(): string {
    const { pid, start } = ownIdentity();
    this.#written += 1;
    return join(this.#path, partialName, `${pid}.${start}.${bootId()}.${this.#written}`);
  }

  #file(key: string): string {
    const parts = key.split('/');
    if (parts.some((part) => part === '' || part.startsWith('.'))) {
      throw new DarumaError('BAD_REQUEST', `${JSON.stringify(key)} is no key of a vault`);
    }
    return join(this.#path, ...parts);
  }

  async #prepare(): Promise<void> {
    await this.#requirePresent();
    await this.#attempt('write', async () => {
      if (!(await exists(this.#knownFile))) await this.#begin();
      await makeDirectory(join(this.#path, partialName));
    });
  }

  /** Once: where a place has been before, nothing is made that would make another disk look so. */
  async #begin(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    await keep(join(this.#path, markerName), markerText);
    await mkdir(dirname(this.#knownFile), { recursive: true, mode: 0o700 });
    await keep(this.#knownFile, `${this.#path}\n`);
  }

  async #requirePresent(): Promise<void> {
    if (await exists(join(this.#path, markerName))) return;
    if (!(await exists(this.#knownFile))) return;
    const text =
      `${this.name}: ${join(this.#path, markerName)} is gone; is its disk mounted? ` +
      `To begin anew there, remove ${this.#knownFile}`;
    throw new DarumaError('PLACE_UNREACHABLE', text);
  }

  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#problem(what, error);
    }
  }

  #problem(what: string, error: unknown): unknown {
    if (error instanceof DarumaError) return error;
    const code = placeErrors[codeOf(error)] ?? 'PLACE_UNREACHABLE';
    return new DarumaError(code, `${this.name}: can't ${what}`, { cause: error });
  }
}

const placeErrors: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'PLACE_FULL',
  EDQUOT: 'PLACE_FULL',
  EFBIG: 'PLACE_FULL',
  EACCES: 'PLACE_REFUSED',
  EPERM: 'PLACE_REFUSED',
  EROFS: 'PLACE_REFUSED',
};

/** Writes many pieces at once, and lets the disk begin long before the end. */
class SyncedFile {
  readonly #file: FileHandle;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #unsynced = 0;
  #syncing: Promise<void> | null = null;
  #failure: { readonly reason: unknown } | null = null;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(piece: Buffer): Promise<void> {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < writeBytes && this.#pieces.length < piecesMax) return;
    await this.#flush();
    if (this.#unsynced < syncBytes || this.#syncing !== null) return;
    this.#unsynced = 0;
    this.#syncing = this.#sync();
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.settled();
    // The kernel tells a failure once: the sync below would succeed.
    if (this.#failure !== null) throw this.#failure.reason;
    await this.#file.sync();
  }

  /** Nothing is under way any more. */
  async settled(): Promise<void> {
    await this.#syncing;
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (reason) {
      this.#failure = { reason };
    }
    this.#syncing = null;
  }

  async #flush(): Promise<void> {
    const pieces = this.#pieces;
    const bytes = this.#bytes;
    this.#pieces = [];
    this.#bytes = 0;
    this.#unsynced += bytes;
    const { bytesWritten } = await this.#file.writev(pieces);
    // A disk that is about to be full takes a part, and tells why with the rest.
    const rest = bytesWritten < bytes ? Buffer.concat(pieces).subarray(bytesWritten) : nothing;
    for (let at = 0; at < rest.length; ) at += (await this.#file.write(rest, at)).bytesWritten;
  }
}

const nothing = Buffer.alloc(0);

async function isLeftover(name: string, file: string): Promise<boolean> {
  const [pid, start, boot] = name.split('.');
  if (boot === bootId()) return !isAlive({ pid: Number(pid), start: Number(start), boot });
  const { mtimeMs } = await stat(file);
  return Date.now() - mtimeMs > foreignAgeMs;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Makes the file when there is none. */
async function keep(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(text).finally(() => file.close());
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Outermost first, `root` itself not. */
function directoriesBetween(root: string, file: string): readonly string[] {
  const parts = relative(root, dirname(file)).split('/');
  return parts.map((_, index) => join(root, ...parts.slice(0, index + 1)));
}

/** Durably, when there is none; what it is to lie in must be there. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await syncDirectory(dirname(path));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync().finally(() => directory.close());
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
