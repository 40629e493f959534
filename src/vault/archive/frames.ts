/**
 * zstd, on all cores: the bytes are cut into blocks, each is compressed into a frame of its own by
 * the thread pool, and the frames follow one another, which is a zstd file like any other. Since a
 * frame tells where it ends, they are decompressed side by side too.
 */
import { promisify } from 'node:util';
import { constants, createZstdCompress, zstdDecompress } from 'node:zlib';
import { Blocks, ByteReader, type Chunks, inOrder } from './flow.ts';

const blockBytes = 1 << 20;
/** Beyond this a frame is none of ours, and would take too much memory. */
const frameBytesMax = 2 * blockBytes;
/** Blocks under way at once: one for each thread of the pool, and some that wait for one. */
const width = 6;
const level = 3;
/** A block that can't be compressed grows by less. */
const spareBytes = 8192;

const decompress = promisify(zstdDecompress);

/** Thrown for what is no zstd file as `compressed` makes it. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export async function* compressed(chunks: Chunks): AsyncGenerator<Buffer> {
  const blocks = new Blocks(blockBytes);
  const idle: Compressor[] = [];
  const all: Compressor[] = [];
  try {
    yield* inOrder(blocks.of(chunks), width, async (block) => {
      const compressor = idle.pop() ?? new Compressor();
      if (!all.includes(compressor)) all.push(compressor);
      const frame = await compressor.frameOf(block);
      idle.push(compressor);
      blocks.done(block);
      return frame;
    });
  } finally {
    for (const compressor of all) compressor.close();
  }
}

/** Makes one frame after the other; its memory is used again for the next. */
class Compressor {
  readonly #stream = createZstdCompress({
    // All of a frame at once: with the usual 16 KiB each block would take turns at the pool.
    chunkSize: blockBytes + spareBytes,
    flush: constants.ZSTD_e_end,
    params: { [constants.ZSTD_c_compressionLevel]: level },
  });
  #parts: Buffer[] = [];

  constructor() {
    this.#stream.on('data', (part: Buffer) => this.#parts.push(part));
    // Told to whoever waits for the frame.
    this.#stream.on('error', () => undefined);
  }

  async frameOf(block: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(block, (error) => (error ? reject(error) : resolve()));
    });
    const parts = this.#parts;
    this.#parts = [];
    return parts.length === 1 ? (parts[0] ?? nothing) : Buffer.concat(parts);
  }

  close(): void {
    this.#stream.destroy();
  }
}

const nothing = Buffer.alloc(0);

/** A little more than a block, so that one that fills it needs no second piece. */
const options = { chunkSize: blockBytes + 1024, maxOutputLength: blockBytes };

/** Throws FrameError. */
export function decompressed(chunks: Chunks): AsyncGenerator<Buffer> {
  return inOrder(framesOf(chunks), width, async (frame) => {
    try {
      return await decompress(frame, options);
    } catch (cause) {
      throw new FrameError('a zstd frame is damaged', { cause });
    }
  });
}

async function* framesOf(chunks: Chunks): AsyncGenerator<Buffer> {
  const reader = new ByteReader(chunks);
  try {
    for (;;) {
      const start = await reader.take(frameStartBytes);
      if (start === null) return;
      yield await frameAfter(start, reader);
    }
  } finally {
    await reader.close();
  }
}

/** Magic number and descriptor. */
const frameStartBytes = 5;
const magic = 0xfd2fb528;

/** RFC 8878, section 3.1.1. */
async function frameAfter(start: Buffer, reader: ByteReader): Promise<Buffer> {
  if (start.readUInt32LE(0) !== magic) throw new FrameError('no zstd frame where one should be');
  const descriptor = start.readUInt8(4);
  const parts = [start, await taken(reader, headerBytes(descriptor))];
  for (let bytes = 0; ; ) {
    const head = await taken(reader, 3);
    const block = head.readUIntLE(0, 3);
    const type = (block >> 1) & 3;
    if (type === 3) throw new FrameError('a zstd block is of no known type');
    const content = await taken(reader, type === 1 ? 1 : block >> 3);
    parts.push(head, content);
    bytes += content.length;
    if (bytes > frameBytesMax) throw new FrameError('a zstd frame is too large');
    if ((block & 1) === 1) break;
  }
  if ((descriptor & 4) !== 0) parts.push(await taken(reader, 4));
  return Buffer.concat(parts);
}

/** What the frame's header still has after the descriptor. */
function headerBytes(descriptor: number): number {
  const single = (descriptor >> 5) & 1;
  const contentSize = [single, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return (single === 1 ? 0 : 1) + dictionary + contentSize;
}

async function taken(reader: ByteReader, bytes: number): Promise<Buffer> {
  const found = await reader.take(bytes);
  if (found === null) throw new FrameError('a zstd frame is cut short');
  return found;
}
