/** A thread that compresses and encrypts one stream, or does it backwards. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { type Coding, codedHere } from './codec.ts';
import { receivedBlocks, sendBlocks } from './thread-flow.ts';

interface ThreadData {
  readonly coding: Coding;
  readonly input: MessagePort;
  readonly output: MessagePort;
}

const { coding, input, output } = workerData as ThreadData;
// A block to be compressed is copied; of one to be decrypted, parts are kept for a while.
const givesBack = coding.kind === 'pack';
const received = receivedBlocks(input, { givesBack, onEnd: () => undefined });
const { chunks, stored } = codedHere(coding, received);

// Each frame is decompressed into memory of its own.
sendBlocks(output, chunks, { owned: coding.kind === 'unpack', result: stored }).then(
  () => input.close(),
  () => {
    // Told through the port; the other side ends this thread.
    input.close();
  },
);
