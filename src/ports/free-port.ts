/** A port for a server of our own, beside those that serve. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Neither among those for outgoing connections nor among those of instances. */
const firstPort = 10_240;
/** From here to those of instances: for the servers of our tests. */
const endPort = 15_000;

/** Nobody listens on it at this moment; whoever wants it may still find it taken. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, endPort);
    if (await isFree(port)) return port;
  }
}

/** Looks by listening, so that for this moment nobody else can. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
