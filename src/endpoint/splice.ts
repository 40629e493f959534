/** Joins a client and an instance: what comes in at one goes out at the other, ends too. */
import net, { type Socket } from 'node:net';
import { type ClientConnection, intoLanding } from './client-connection.ts';

export interface Splice {
  /** Closes both sides at once, such that both notice. */
  cut(): void;
  /** Ends both sides with these last words. */
  end(toClient: string | Buffer, toInstance: string | Buffer): void;
}

/** Begins to connect; what the instance will send goes to `take`; false from it stops reading,
 * until `drain` of the client resumes it. */
export function connectUpstream(port: number, take: (chunk: Buffer) => boolean): Socket {
  return net.connect({
    host: '127.0.0.1',
    port,
    allowHalfOpen: true,
    noDelay: true,
    onread: intoLanding(take),
  });
}

/** `onClosed` is called once, when both are closed. `upstream` is connected. */
export function splice(
  { socket: client }: Pick<ClientConnection, 'socket'>,
  upstream: Socket,
  onClosed: () => void,
): Splice {
  let left = 2;
  const joint: Joint = {
    isApart: false,
    closed() {
      left--;
      if (left === 0) onClosed();
    },
  };
  client.on('drain', () => upstream.resume());
  passEnd(client, upstream, joint);
  passEnd(upstream, client, joint);
  if (client.readableEnded) endSoon(upstream);
  return {
    cut() {
      client.resetAndDestroy();
      upstream.destroy();
    },
    end(toClient, toInstance) {
      joint.isApart = true;
      client.end(toClient);
      upstream.end(toInstance);
    },
  };
}

interface Joint {
  /** Each side ends by itself. */
  isApart: boolean;
  closed(): void;
}

function passEnd(from: Socket, to: Socket, joint: Joint): void {
  from.on('end', () => {
    if (!joint.isApart) endSoon(to);
  });
  from.on('close', (hadError: boolean) => {
    joint.closed();
    if (joint.isApart) return;
    // An end that was not an orderly one must not look like one: half an answer is not the whole.
    if (!to.destroyed && (hadError || !from.readableEnded)) to.resetAndDestroy();
  });
}

/** Sockets to which the end of the other side is still to be passed on. */
let toEnd: Socket[] = [];

/**
 * When all that was read in this turn is known: where both sides have ended by then, as they mostly
 * do, closing is enough.
 */
function endSoon(socket: Socket): void {
  if (toEnd.length === 0) setImmediate(passEnds);
  toEnd.push(socket);
}

function passEnds(): void {
  const sockets = toEnd;
  toEnd = [];
  for (const socket of sockets) {
    if (socket.readableEnded && socket.writableLength === 0) socket.destroy();
    else socket.end();
  }
}
