/** A port for a server of a test, drawn by chance, that no other test gets. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { isFree } from '../src/ports/free-port.ts';

/** Neither among those that Daruma draws for itself nor among those of instances. */
const firstPort = 15_000;
const endPort = 20_000;

/**
 * Nobody listens on it at this moment, and no other test that draws one gets it, or as much as
 * looks at it, while this process lives: between the draw and the server's start it would be free
 * for everybody, and whoever looks at a port has it for that moment.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, endPort);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
}

/** By a name that the kernel knows for as long as this process lives. False: another has it. */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().unref();
    server.once('error', () => resolve(false));
    server.listen(`\0daruma-test-port-${port}`, () => resolve(true));
  });
}
