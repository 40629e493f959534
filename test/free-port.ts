/** A port for a server of a test, drawn by chance, that no other test gets. */
import { createServer } from 'node:net';
import { freePort as drawnPort } from '../src/ports/free-port.ts';

/**
 * Nobody listens on it at this moment, and no other test that draws one gets it while this process
 * lives: between the draw and the server's start it would be free for everybody.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await drawnPort();
    if (await reserve(port)) return port;
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
