/**
 * A port for a server of a test. Not one of those that the kernel gives to outgoing connections (a
 * busy machine would take it away before the server listens), nor of those that Daruma gives to
 * instances; drawn by chance, since other test files look for some at the same time.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const first = 10_240;
const end = 19_999;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, end);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
