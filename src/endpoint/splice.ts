/** Joins a client and an instance: what comes in at one goes out at the other, ends too. */
import net, { type Socket } from 'node:net';
import type { OpenConnection } from './target.ts';

/** Where all reads from instances land, to be copied out at once: a buffer per read costs more. */
const landing = Buffer.allocUnsafe(64 * 1024);

/** Begins to connect; what the instance will send goes to the client. */
export function connectUpstream(port: number, client: Socket): Socket {
  return net.connect({
    host: '127.0.0.1',
    port,
    allowHalfOpen: true,
    noDelay: true,
    onread: {
      buffer: landing,
      // False stops reading, until `drain` of the client resumes it.
      callback(length) {
        const chunk = Buffer.allocUnsafe(length);
        landing.copy(chunk, 0, 0, length);
        return client.write(chunk);
      },
    },
  });
}

/** `onClosed` is called once, when both are closed. `upstream` is connected. */
export function splice(client: Socket, upstream: Socket, onClosed: () => void): OpenConnection {
  let left = 2;
  const closed = () => {
    left--;
    if (left === 0) onClosed();
  };
  client.on('data', (chunk: Buffer) => {
    if (!upstream.write(chunk)) client.pause();
  });
  upstream.on('drain', () => client.resume());
  client.on('drain', () => upstream.resume());
  passEnd(client, upstream, closed);
  passEnd(upstream, client, closed);
  return {
    cut() {
      client.resetAndDestroy();
      upstream.destroy();
    },
  };
}

function passEnd(from: Socket, to: Socket, closed: () => void): void {
  from.on('end', () => to.end());
  from.on('close', (hadError: boolean) => {
    closed();
    // An end that was not an orderly one must not look like one: half an answer is not the whole.
    if (!to.destroyed && (hadError || !from.readableEnded)) to.resetAndDestroy();
  });
  from.on('error', () => from.destroy());
}
