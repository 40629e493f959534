/** Joins two connected sockets: what comes in at one goes out at the other, ends and resets too. */
import type { Socket } from 'node:net';
import type { OpenConnection } from './target.ts';

/** `onClosed` is called once, when both are closed. */
export function splice(client: Socket, upstream: Socket, onClosed: () => void): OpenConnection {
  let left = 2;
  const closed = () => {
    left--;
    if (left === 0) onClosed();
  };
  lead(client, upstream, closed);
  lead(upstream, client, closed);
  return {
    cut() {
      client.resetAndDestroy();
      upstream.destroy();
    },
  };
}

function lead(from: Socket, to: Socket, closed: () => void): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', (hadError: boolean) => {
    closed();
    // An end that was not an orderly one must not look like one: half an answer is not the whole.
    if (!to.destroyed && (hadError || !from.readableEnded)) to.resetAndDestroy();
  });
  from.on('error', () => from.destroy());
}
