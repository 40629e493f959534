/**
 * A stream of bytes from one thread to another, through a port: blocks change hands, so that none
 * is copied on the way, and a few at most are under way.
 */
import type { MessagePort } from 'node:worker_threads';
import { Blocks, type Chunks } from './flow.ts';

const blockBytes = 1 << 20;
const blocksAhead = 3;

type ToReceiver =
  | { readonly kind: 'block'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string };

/** A block was taken; its memory comes back when the receiver has no more use for it. */
interface ToSender {
  readonly spare: ArrayBuffer | null;
}

/** What failed on the other side. */
export class RemoteError extends Error {
  /** Of the error's class there. */
  readonly remoteName: string;
  constructor(remoteName: string, message: string) {
    super(message);
    this.remoteName = remoteName;
  }
}

export interface SendOptions {
  /** Whether each chunk has its memory for itself, and is used no more once it was given: then it
   * changes hands as it is, else it is put into a block. */
  readonly owned?: boolean;
  /** Goes along with the last. */
  readonly result?: () => unknown;
}

/** Resolves when all was handed over. A failure of `chunks` is told to the other side too. Rejects
 * when that has no more use for it. */
export async function sendBlocks(
  port: MessagePort,
  chunks: Chunks,
  { owned = false, result = () => null }: SendOptions = {},
): Promise<void> {
  const blocks = new Blocks(blockBytes);
  const room = new Room(port, (spare) => blocks.done(Buffer.from(spare)));
  const post = (message: ToReceiver, transfer: ArrayBuffer[] = []): void => {
    port.postMessage(message, transfer);
  };
  try {
    for await (const block of owned ? chunks : blocks.of(chunks)) {
      if (block.length === 0) continue;
      await room.take();
      const { buffer, byteOffset, byteLength } = block as Buffer<ArrayBuffer>;
      post({ kind: 'block', bytes: new Uint8Array(buffer, byteOffset, byteLength) }, [buffer]);
    }
    post({ kind: 'end', result: result() });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    post({ kind: 'failed', name, message });
    throw error;
  }
}

class Room {
  #left = blocksAhead;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(port: MessagePort, onSpare: (spare: ArrayBuffer) => void) {
    port.on('message', ({ spare }: ToSender) => {
      this.#left += 1;
      if (spare !== null) onSpare(spare);
      this.#wake();
    });
    port.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  async take(): Promise<void> {
    while (this.#left === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#closed) throw new Error('nobody takes the stream any more');
    this.#left -= 1;
  }
}

export interface ReceiveOptions {
  /** Whether a block is used no more once the next one is asked for. */
  readonly givesBack: boolean;
  readonly onEnd: (result: unknown) => void;
}

/** Throws RemoteError. */
export async function* receivedBlocks(
  port: MessagePort,
  { givesBack, onEnd }: ReceiveOptions,
): AsyncGenerator<Buffer> {
  const inbox = new Inbox(port);
  for (;;) {
    const message = await inbox.next();
    if (message.kind === 'failed') throw new RemoteError(message.name, message.message);
    if (message.kind === 'end') {
      onEnd(message.result);
      return;
    }
    const { buffer, byteOffset, byteLength } = message.bytes;
    yield Buffer.from(buffer, byteOffset, byteLength);
    const answer: ToSender = { spare: givesBack ? buffer : null };
    port.postMessage(answer, givesBack ? [buffer] : []);
  }
}

class Inbox {
  readonly #messages: ToReceiver[] = [];
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(port: MessagePort) {
    port.on('message', (message: ToReceiver) => {
      this.#messages.push(message);
      this.#wake();
    });
    port.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  async next(): Promise<ToReceiver> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#closed) throw new RemoteError('Error', 'the other thread ended');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
