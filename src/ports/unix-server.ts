/** Listening on Unix sockets of the state directory. */
import { chmodSync, renameSync } from 'node:fs';
import net, { type Server, type ServerOpts, type Socket } from 'node:net';
import { socketPath } from './socket-path.ts';

/**
 * Opens `name` in `dir`, mode 0600, in place of one that may be there: it is bound under another
 * name and then renamed, so that there is always one, and closing it never removes a successor's.
 */
export async function openUnixServer(
  dir: string,
  name: string,
  onConnection: (socket: Socket) => void,
  options: ServerOpts = {},
): Promise<Server> {
  const temporary = `${name}.${process.pid}`;
  const server = net.createServer(options, onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath(dir, temporary), resolve);
  });
  chmodSync(`${dir}/${temporary}`, 0o600);
  renameSync(`${dir}/${temporary}`, `${dir}/${name}`);
  return server;
}
