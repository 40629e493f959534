/** The keeper's socket: endpoint processes call here and stay; others ask one thing. */
import type { Server, Socket } from 'node:net';
import { readJsonLines, writeJsonLine } from '../ports/json-lines.ts';
import type { EndpointToKeeper, KeeperRequest } from '../ports/keeper.ts';
import { openUnixServer } from '../ports/unix-server.ts';

export interface RequestHandlers {
  endpoint(link: Socket, first: EndpointToKeeper): (message: EndpointToKeeper) => void;
  /** The answer, or a rejection whose message is sent. */
  answer(request: KeeperRequest): Promise<object>;
}

export function openRequests(dir: string, handlers: RequestHandlers): Promise<Server> {
  return openUnixServer(dir, 'keeper.sock', (socket) => serve(socket, handlers));
}

function serve(socket: Socket, handlers: RequestHandlers): void {
  let onMessage: ((message: EndpointToKeeper) => void) | null = null;
  // A connection that breaks is told of by `close`; nothing else can be done about it.
  socket.on('error', () => socket.destroy());
  readJsonLines(socket, (message) => {
    const known = message as EndpointToKeeper | KeeperRequest;
    if (onMessage !== null) onMessage(known as EndpointToKeeper);
    else if (known.kind === 'endpoint') onMessage = handlers.endpoint(socket, known);
    else answer(socket, known as KeeperRequest, handlers);
  });
}

function answer(socket: Socket, request: KeeperRequest, handlers: RequestHandlers): void {
  handlers.answer(request).then(
    (reply) => writeJsonLine(socket, reply),
    (error: Error) => writeJsonLine(socket, { kind: 'failed', message: error.message }),
  );
}
