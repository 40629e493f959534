/** One JSON value per line over a socket between processes of ours. */
import net, { type Socket } from 'node:net';

const longestLine = 16 * 1024 * 1024;

/** A line that is no JSON, or far too long, ends the connection: the other side is not ours. */
export function readJsonLines(socket: Socket, onMessage: (message: unknown) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) socket.destroy();
    for (const line of lines) {
      const message = parse(line);
      if (message === undefined) {
        socket.destroy();
        return;
      }
      onMessage(message);
    }
  });
}

/** Does nothing when the connection is gone: its `close` event tells. */
export function writeJsonLine(socket: Socket, message: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/**
 * Connects to a Unix socket, sends one line and resolves with the first line of the answer. Rejects
 * when there is nobody (ECONNREFUSED, ENOENT), the connection ends, or after `timeoutMs`.
 */
export function askOnce(path: string, request: unknown, timeoutMs: number): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const socket = net.connect(path, () => writeJsonLine(socket, request));
  const timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the connection ended without an answer')));
  readJsonLines(socket, resolve);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
