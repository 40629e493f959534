/**
 * A small HTTP service for scenarios. With LEDGER, a directory, it writes down which requests it
 * has accepted (`+id`) and answered (`-id`), so that a test knows what it held when it was killed.
 *
 *   /healthz   200          /work?id=N   200 after WORK_MS, with its name
 *   /block     200, and then its event loop is blocked for good
 */
import { openSync, writeSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import path from 'node:path';

const { INSTANCE = 'api/0', PORT = '0', LEDGER, WORK_MS = '5', START_MS = '0' } = process.env;
const ledger =
  LEDGER === undefined
    ? null
    : openSync(path.join(LEDGER, `${INSTANCE.replace('/', '.')}-${process.pid}`), 'a');

let ending = false;

/** Straight into the kernel: what is written survives a kill. */
function note(text: string): void {
  if (ledger !== null) writeSync(ledger, `${text}\n`);
}

function blockForGood(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function work(id: string, response: ServerResponse): void {
  note(`+${id}`);
  setTimeout(() => {
    if (ending) response.setHeader('connection', 'close');
    response.end(INSTANCE, () => note(`-${id}`));
  }, Number(WORK_MS));
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/work') work(url.searchParams.get('id') ?? '', response);
  else if (url.pathname === '/block') response.end('blocked', () => setImmediate(blockForGood));
  else response.end('well');
});

/** What is under way is answered; kept connections end with their next answer, or when idle. */
process.on('SIGTERM', () => {
  ending = true;
  setTimeout(() => server.close(() => process.exit(0)), 500);
});

setTimeout(() => server.listen(Number(PORT), '127.0.0.1'), Number(START_MS));
console.log(`${INSTANCE} starts`);
