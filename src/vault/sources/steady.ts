/**
 * Reads files that others may be writing, and tells whether they did.
 *
 * The kernel gives times of change in steps (up to 10 ms): a write in the same step as the look
 * before leaves no trace. What changed within the last moments is therefore only read after them.
 */
import { type BigIntStats, closeSync, constants, openSync, readSync } from 'node:fs';
import { copyFile, open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import { lstat } from './walk.ts';

const stepMs = 20;
/** A file up to this size is read at once: that is several times faster than a stream. */
const atOnceBytes = 256 * 1024;
const chunkBytes = 512 * 1024;
/** How often a file that goes on changing is read again, and the pause between. */
const attempts = 5;
const betweenMs = 50;

/** Differs whenever the content may. */
export function stampOf(stats: BigIntStats): string {
  return `${stats.size}.${stats.mtimeNs}.${stats.ctimeNs}.${stats.ino}`;
}

/**
 * The bytes of a file, as many as `before` told. `onChange`: it is no longer as it was then, so
 * that what was read may be of two versions. Rejects with NOT_FOUND when it is gone.
 */
export async function readSteadily(
  path: string,
  before: BigIntStats,
  now: () => number,
  onChange: () => void,
): Promise<Readable> {
  await untilOlder(before, now);
  const bytes = Number(before.size);
  const check = () => {
    const after = lstat(path);
    if (after === null || stampOf(after) !== stampOf(before)) onChange();
  };
  if (bytes <= atOnceBytes) {
    const content = readAtOnce(path, bytes);
    check();
    return once(content);
  }
  return Readable.from(chunksOf(await opened(path), bytes, check), { objectMode: false });
}

async function untilOlder({ ctimeMs }: BigIntStats, now: () => number): Promise<void> {
  const ageMs = now() - Number(ctimeMs);
  if (ageMs >= 0 && ageMs < stepMs) await pause(stepMs - ageMs);
}

/** Links are not followed: the file may have become one meanwhile. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW;

function readAtOnce(path: string, bytes: number): Buffer {
  const file = notGone(path, () => openSync(path, flags));
  try {
    const content = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    while (at < bytes) {
      const count = readSync(file, content, at, bytes - at, at);
      if (count === 0) break;
      at += count;
    }
    // It has become shorter: zeros stand for what is missing.
    return content.fill(0, at);
  } finally {
    closeSync(file);
  }
}

function once(content: Buffer): Readable {
  return new Readable({
    read() {
      if (content.length > 0) this.push(content);
      this.push(null);
    },
  });
}

async function opened(path: string) {
  return open(path, flags).catch((error: unknown) => {
    throw gone(path, error);
  });
}

async function* chunksOf(
  file: Awaited<ReturnType<typeof opened>>,
  bytes: number,
  atEnd: () => void,
): AsyncGenerator<Buffer> {
  try {
    for (let at = 0; at < bytes; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, bytes - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      at += bytesRead === 0 ? chunk.length : bytesRead;
      yield bytesRead === 0 ? chunk.fill(0) : chunk.subarray(0, bytesRead);
    }
    atEnd();
  } finally {
    await file.close();
  }
}

export interface SteadyCopy {
  readonly stats: BigIntStats;
  readonly bytes: number;
  /** Whether it stayed as it was while it was copied. */
  readonly steady: boolean;
}

/** Copies a file until it stayed the same meanwhile, a few times. Null: it is gone, or no file any
 * more. */
export async function copySteadily(
  path: string,
  to: string,
  now: () => number,
): Promise<SteadyCopy | null> {
  for (let attempt = 1; ; attempt += 1) {
    const before = lstat(path);
    if (!before?.isFile()) return null;
    await untilOlder(before, now);
    try {
      await copyFile(path, to);
    } catch (error) {
      if (errorInfo(error).code === 'ENOENT') return null;
      throw error;
    }
    const after = lstat(path);
    const steady = after !== null && stampOf(after) === stampOf(before);
    if (steady || attempt === attempts) {
      return { stats: before, bytes: (await stat(to)).size, steady };
    }
    await pause(betweenMs);
  }
}

function notGone<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw gone(path, error);
  }
}

function gone(path: string, error: unknown): unknown {
  // ELOOP: it is a link by now.
  if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorInfo(error).code)) return error;
  return new DarumaError('NOT_FOUND', `${path} is gone`, { cause: error });
}
