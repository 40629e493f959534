/**
 * A way to the controller that was there before it: who connects to `run/relay.sock` is handed to
 * the controller of that moment. On a read-only file system a controller that comes anew can't open
 * a socket of its own.
 */
import type { Server, Socket } from 'node:net';
import type { Layout } from '../model/layout.ts';
import { openUnixServer } from '../ports/unix-server.ts';

/** `pass`: false when there is no controller to hand it to. */
export function openRelay(
  { runDir }: Layout,
  pass: (connection: Socket) => boolean,
): Promise<Server> {
  const onConnection = (connection: Socket) => {
    if (!pass(connection)) connection.destroy();
  };
  // What has been read of it would be lost on the way.
  return openUnixServer(runDir, 'relay.sock', onConnection, { pauseOnConnect: true });
}
