/** Live events: complete, in order, resumed, and nobody waits for who is slow. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { atEnd } from '../at-end.ts';
import { until } from '../scenarios/harness.ts';
import { type Browser, loggedIn, type Rig, rig } from './rig.ts';

interface Event {
  readonly id: string | null;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API says.
  readonly data: any;
}

interface Stream {
  readonly events: Event[];
  readonly response: IncomingMessage;
  ended: boolean;
}

async function listening(t: TestContext, made: Rig): Promise<number> {
  const { app, parts } = made.api;
  parts.live.start();
  app.server.emit('listening');
  const server: Server = createServer();
  server.removeAllListeners('connection');
  server.on('connection', (socket) => app.server.emit('connection', socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  return (server.address() as AddressInfo).port;
}

function open(port: number, { cookies }: Browser, path: string, last?: string): Promise<Stream> {
  const cookie = Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
  const headers = { cookie, ...(last === undefined ? {} : { 'last-event-id': last }) };
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', path, headers, agent: false }, (response) => {
      assert.equal(response.statusCode, 200);
      const stream: Stream = { events: [], response, ended: false };
      let rest = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        stream.events.push(...blocks.flatMap(parsed));
      });
      response.on('close', () => {
        stream.ended = true;
      });
      response.on('error', () => undefined);
      resolve(stream);
    });
    call.on('error', reject).end();
  });
}

function parsed(block: string): Event[] {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
  const [kind, data] = [field('event'), field('data')];
  return kind === null ? [] : [{ id: field('id'), kind, data: JSON.parse(data ?? 'null') }];
}

function seqs({ events }: Stream): number[] {
  return events.filter(({ kind }) => kind === 'record').map(({ data }) => data.seq);
}

describe('live events', () => {
  test('begin with what is, and go on with what changes', async (t) => {
    const made = await rig(t);
    const port = await listening(t, made);
    const ann = await loggedIn(made, 'ann', 'viewer');
    const stream = await open(port, ann, '/api/v1/stream');
    await until('all is told', () => stream.events.length >= 3);
    assert.deepEqual(
      stream.events.map(({ kind }) => kind),
      ['hello', 'stack', 'services'],
    );
    assert.equal(stream.events[2]?.data.length, 2);
    made.stack.phase = 'unhealthy';
    const seq = made.stack.publish();
    await until('the change is told', () => stream.events.length >= 5);
    const [record, services] = stream.events.slice(3);
    assert.deepEqual([record?.kind, record?.id, record?.data.seq], ['record', String(seq), seq]);
    assert.equal(services?.kind, 'services');
    assert.deepEqual(
      services?.data.map(({ name }: { name: string }) => name),
      ['api'],
    );
    assert.equal(services?.data[0].instances[0].phase, 'unhealthy');
    stream.response.destroy();
  });

  test('go on after the last one seen: none is missed, none comes twice', async (t) => {
    const made = await rig(t);
    const port = await listening(t, made);
    const ann = await loggedIn(made, 'ann', 'viewer');
    const path = '/api/v1/stream?topics=record';
    const first = await open(port, ann, path);
    await until('it has begun', () => first.events.length > 0);
    for (let count = 0; count < 20; count += 1) made.stack.publish();
    await until('all came', () => seqs(first).length === 20);
    first.response.destroy();
    for (let count = 0; count < 1_500; count += 1) made.stack.publish();
    const again = await open(port, ann, path, String(seqs(first).at(-1)));
    for (let count = 0; count < 20; count += 1) made.stack.publish();
    await until('all came', () => seqs(again).length === 1_520);
    const all = [...seqs(first), ...seqs(again)];
    assert.deepEqual(
      all,
      Array.from({ length: all.length }, (_, index) => index + 6),
    );
    again.response.destroy();
    const old = await open(port, ann, path, '2');
    await until('the log is told too', () => seqs(old).length === made.stack.log.length - 2);
    assert.equal(seqs(old)[0], 3);
    old.response.destroy();
  });

  test('the controller is asked no more often for many than for one', async (t) => {
    const made = await rig(t);
    const port = await listening(t, made);
    const ann = await loggedIn(made, 'ann', 'viewer');
    const streams = await Promise.all(
      Array.from({ length: 100 }, () => open(port, ann, '/api/v1/stream')),
    );
    await until('all have begun', () => streams.every(({ events }) => events.length >= 3));
    const [before, begun] = [made.stack.views, performance.now()];
    for (let count = 0; count < 200; count += 1) made.stack.publish();
    await until('all have all', () => streams.every((stream) => seqs(stream).length === 200));
    const tenths = (performance.now() - begun) / 100;
    assert.ok(made.stack.views - before <= tenths + 2, `${made.stack.views - before} views`);
    assert.equal(made.api.parts.streams.count, 100);
    for (const { response } of streams) response.destroy();
    await until('all are gone', () => made.api.parts.streams.count === 0);
  });

  test('who doesn’t read is cut off, and nobody else notices', async (t) => {
    const made = await rig(t);
    const port = await listening(t, made);
    const ann = await loggedIn(made, 'ann', 'viewer');
    const [slow, other] = [
      await open(port, ann, '/api/v1/stream?topics=record'),
      await open(port, ann, '/api/v1/stream?topics=record'),
    ];
    slow.response.pause();
    const note = 'x'.repeat(100_000);
    const large = (seq: number) => ({
      seq,
      record: { at: seq, kind: 'store', writable: true, reason: note } as const,
      unrecorded: false,
    });
    await until('it is cut off', () => {
      made.stack.log.push(large(made.stack.log.length + 1));
      made.stack.publish();
      return made.api.parts.streams.count === 1;
    });
    assert.equal(made.api.parts.streams.dropped, 1);
    const last = made.stack.log.length;
    await until('the other has all', () => seqs(other).at(-1) === last);
    other.response.destroy();
  });
});
