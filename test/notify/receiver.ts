/** A real HTTP server that answers as it is told, and a notifier with short times. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorReport } from '../../src/model/error-record.ts';
import type { NotifyTarget } from '../../src/model/notify-spec.ts';
import { createNotifier, type NotifierOptions } from '../../src/notify/notifier.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Notice, Notifier } from '../../src/ports/notifier.ts';
import { atEnd } from '../at-end.ts';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How the n-th request, from 0, is answered; «break» cuts the connection, «hang» says nothing. */
export type Answer = number | 'break' | 'hang' | ((response: ServerResponse) => void);

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  answer: (index: number, received: Received) => Answer;
}

export async function receiver(t: TestContext): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const { url = '', headers } = request;
    // Who sends it may break off.
    const body = await text(request).catch(() => null);
    if (body === null) return;
    const got = { path: url, headers, body };
    const answer = result.answer(received.push(got) - 1, got);
    if (answer === 'break') request.socket.destroy();
    else if (typeof answer === 'number') response.writeHead(answer).end();
    else if (typeof answer === 'function') answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const result: Receiver = { url, received, answer: () => 200 };
  return result;
}

/** An address at which nobody listens. */
export async function deserted(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

const clock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

export function notifier(
  t: TestContext,
  targets: readonly NotifyTarget[],
  options: Partial<NotifierOptions> = {},
): { readonly notifier: Notifier; readonly reports: ErrorReport[] } {
  const reports: ErrorReport[] = [];
  const made = createNotifier({
    clock,
    random: { next: () => 0.5 },
    onError: (report) => reports.push(report),
    ...options,
    timing: { backoffInitialMs: 10, backoffMaxMs: 40, closeGraceMs: 5000, ...options.timing },
  });
  atEnd(t, () => made.close());
  made.configure('accounts', [{ targets, heartbeat: null }]);
  return { notifier: made, reports };
}

export function webhook(
  url: string,
  more: Partial<Extract<NotifyTarget, { kind: 'webhook' }>> = {},
): NotifyTarget {
  const base = { kind: 'webhook', name: 'hook', format: 'json', headers: {} } as const;
  return { ...base, minSeverity: 'info', url, ...more };
}

export function notice(title: string, more: Partial<Notice> = {}): Notice {
  const base = { kind: 'notify', unrecordedOk: true, incident: 'i1', severity: 'warning' } as const;
  return { ...base, state: 'open', title, text: 'why', ...more };
}

export function titles(received: readonly Received[]): string[] {
  return received.map(({ body }) => JSON.parse(body).title);
}

/** Fails by the time-out of the test runner at the latest; nothing is told by how long it took. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const start = Date.now(); !condition(); await sleep(5)) {
    if (Date.now() - start > 120_000) throw new Error(`waited in vain: ${what}`);
  }
}
