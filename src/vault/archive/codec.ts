/**
 * What is stored of an archive's tar: compressed and, unless it is in the clear, encrypted; and the
 * way back. More than a little is done by a thread of its own, so that whoever reads or writes the
 * files has a core for that; compression has the thread pool's.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import { entry } from '../../model/entry.ts';
import { withCompileCache } from '../../ports/compile-cache.ts';
import { AgeError, type AgeHeader, sealed, unsealed } from './age.ts';
import { ByteReader, type Chunks, Tally } from './flow.ts';
import { compressed, decompressed, FrameError } from './frames.ts';
import { RemoteError, receivedBlocks, sendBlocks } from './thread-flow.ts';

/** `age`: null for what is in the clear. */
export type Coding =
  | { readonly kind: 'pack'; readonly age: AgeHeader | null }
  | { readonly kind: 'unpack'; readonly fileKey: Uint8Array | null };

/** What is, or will be, in a place. */
export interface StoredBytes {
  readonly bytes: number;
  readonly sha256: string;
}

export interface Coded {
  /** Throws AgeError, FrameError and what the input throws. */
  readonly chunks: AsyncGenerator<Buffer>;
  /** Once all of `chunks` was read. */
  stored(): StoredBytes;
}

/** Starting a thread takes longer than doing so much here. */
const littleBytes = 4 << 20;

export function coded(coding: Coding, input: Chunks): Coded {
  let stored: StoredBytes | null = null;
  const take = (result: StoredBytes): void => {
    stored = result;
  };
  return {
    chunks: codedSomewhere(coding, input, take),
    stored: () => {
      if (stored === null) throw new Error('the stream is not at its end');
      return stored;
    },
  };
}

async function* codedSomewhere(
  coding: Coding,
  input: Chunks,
  take: (stored: StoredBytes) => void,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(input);
  try {
    const start = await reader.takeUpTo(littleBytes);
    if (start.length < littleBytes) {
      const here = codedHere(coding, joined(start, null));
      yield* here.chunks;
      take(here.stored());
    } else {
      yield* codedInThread(coding, joined(start, reader), take);
    }
  } finally {
    await reader.close();
  }
}

async function* joined(start: Buffer, rest: ByteReader | null): AsyncGenerator<Buffer> {
  yield start;
  if (rest !== null) yield* rest.stream(Number.POSITIVE_INFINITY);
}

export function codedHere(coding: Coding, input: Chunks): Coded {
  const tally = new Tally();
  const stored = () => ({ bytes: tally.bytes, sha256: tally.digest() });
  if (coding.kind === 'pack') {
    const frames = compressed(input);
    const chunks = coding.age === null ? frames : sealed(frames, coding.age);
    return { chunks: tally.of(chunks), stored };
  }
  const { fileKey } = coding;
  const raw = tally.of(input);
  const frames = fileKey === null ? raw : unsealed(raw, fileKey);
  return { chunks: decompressed(frames), stored };
}

async function* codedInThread(
  coding: Coding,
  input: Chunks,
  take: (stored: StoredBytes) => void,
): AsyncGenerator<Buffer> {
  const [there, back] = [new MessageChannel(), new MessageChannel()];
  const thread = new Worker(entry(import.meta.url, './codec-thread'), {
    workerData: { coding, input: there.port2, output: back.port2 },
    transferList: [there.port2, back.port2],
    env: withCompileCache(process.env),
  });
  let crash: unknown = null;
  thread.on('error', (error) => {
    crash = error;
  });
  let failure: { readonly reason: unknown } | null = null;
  const sending = sendBlocks(there.port1, input).catch((reason: unknown) => {
    failure = { reason };
  });
  const onEnd = (result: unknown): void => take(result as StoredBytes);
  try {
    yield* receivedBlocks(back.port1, { givesBack: false, onEnd });
  } catch (error) {
    throw errorOf(error, crash, failure);
  } finally {
    there.port1.close();
    back.port1.close();
    await sending;
    await thread.terminate();
  }
}

/** The input's own, when that is what failed. */
function errorOf(
  error: unknown,
  crash: unknown,
  failure: { readonly reason: unknown } | null,
): unknown {
  if (failure !== null) return failure.reason;
  if (!(error instanceof RemoteError)) return error;
  if (error.remoteName === 'AgeError') return new AgeError(error.message);
  if (error.remoteName === 'FrameError') return new FrameError(error.message);
  return new Error(error.message, { cause: crash ?? error });
}
