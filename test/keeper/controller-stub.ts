/** A controller that does what a test tells it on `run/control.sock`, and nothing else. */
import { appendFileSync } from 'node:fs';
import { createEndpoints } from '../../src/endpoint/client.ts';
import { keeperLink } from '../../src/keeper/link.ts';
import { errorInfo } from '../../src/model/errors.ts';
import { layout as layoutOf } from '../../src/model/layout.ts';
import { readJsonLines, writeJsonLine } from '../../src/ports/json-lines.ts';
import { waitForLock } from '../../src/ports/lock.ts';
import { openUnixServer } from '../../src/ports/unix-server.ts';
import type { StubRequest } from './rig.ts';

const layout = layoutOf(process.argv[2] ?? '');
const keeper = keeperLink(layout);
const note = (text: string) =>
  appendFileSync(`${layout.stateDir}/stub.log`, `${process.pid} ${text}\n`);
const clock = {
  now: () => performance.now(),
  after(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const endpoints = createEndpoints({ layout, clock, keeper });
const lock = await waitForLock(layout.controllerLock, 20_000);
if (lock === null) throw new Error('another controller has the lock');
note('started');
endpoints.onRefused((service, instance, error) => note(`refused ${service} ${instance} ${error}`));
endpoints.onStats((stats, held) => {
  note(`stats ${JSON.stringify(stats)}`);
  note(`held ${JSON.stringify(held)}`);
});
const leave = (why: string) => {
  note(why);
  lock.release();
  process.exit(0);
};
process.on('SIGTERM', () => leave('sigterm'));
keeper.onLost(() => leave('lost'));
keeper.onTerminate(() => {
  note('terminate');
  endpoints.shutdown().then(() => leave('shutdown'));
});

async function carryOut(request: StubRequest): Promise<{ readonly busy?: number }> {
  if (request.kind === 'listen') await endpoints.listen(request.endpoints);
  if (request.kind === 'route') {
    await endpoints.route(request.service, request.targets, request.group);
  }
  if (request.kind === 'quiesce') {
    return { busy: await endpoints.quiesce(request.service, request.limitMs) };
  }
  if (request.kind === 'release') await endpoints.release(request.service);
  if (request.kind === 'drained') await endpoints.drained(request.service, request.instance);
  if (request.kind === 'detach') await keeper.detach();
  if (request.kind === 'shutdown') await endpoints.shutdown();
  return {};
}

await openUnixServer(layout.runDir, 'control.sock', (socket) => {
  socket.on('error', () => socket.destroy());
  readJsonLines(socket, (message) => {
    const request = message as StubRequest;
    carryOut(request).then(
      (result) => {
        if (request.kind !== 'detach' && request.kind !== 'shutdown') {
          writeJsonLine(socket, { kind: 'ok', pid: process.pid, ...result });
          return;
        }
        socket.end(`${JSON.stringify({ kind: 'ok' })}\n`, () => leave(request.kind));
      },
      (error) => writeJsonLine(socket, { kind: 'failed', ...errorInfo(error) }),
    );
  });
});
