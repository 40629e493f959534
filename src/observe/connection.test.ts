import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Conversation, converse } from './connection.ts';

/** What it does is said by the first line that a client sends. */
async function serve(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (word: Buffer) => {
      if (String(word) === 'reset') socket.resetAndDestroy();
      else if (String(word) === 'end') socket.end();
      else if (String(word) !== 'silence') socket.write(`you said ${word}`);
    });
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Resolves with the first thing that is told, and fails when more is told after the end. */
async function hear(port: number, word: string, host = '127.0.0.1'): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let over = false;
  const tell = (what: string): void => {
    assert.ok(!over, `${word} is over, but was told ${what}`);
    resolve(what);
  };
  const conversation: Conversation = {
    onConnect: (socket: Socket) => {
      if (word === 'connect') tell('connected');
      else socket.write(word);
      if (word === 'silence') tell('silence');
    },
    onText: (text) => tell(text),
    onError: (error) => tell('code' in error ? String(error.code) : error.message),
    onEnd: () => tell('end'),
  };
  const close = converse(host, port, conversation);
  const heard = await promise;
  over = true;
  close();
  close();
  return heard;
}

async function freedPort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('sockets that served before tell each conversation its own', async (t) => {
  const port = await serve(t);
  const closed = await freedPort();
  const expected: readonly (readonly [string, number, string])[] = [
    ['hello', port, 'you said hello'],
    ['connect', port, 'connected'],
    ['end', port, 'end'],
    ['nobody', closed, 'ECONNREFUSED'],
    ['reset', port, 'ECONNRESET'],
    ['silence', port, 'silence'],
  ];
  for (let round = 0; round < 20; round += 1) {
    const turned = expected.map((_, at) => expected[(at + round) % expected.length] ?? expected[0]);
    const heard = turned.map(async (one) => one && [one[0], one[1], await hear(one[1], one[0])]);
    assert.deepEqual(await Promise.all(heard), turned);
  }
});

test('a host may be a name', async (t) => {
  const port = await serve(t);
  for (let round = 0; round < 3; round += 1) {
    assert.equal(await hear(port, 'hello', 'localhost'), 'you said hello');
  }
});

test('there is no such port', () => {
  assert.throws(() => converse('127.0.0.1', 70_000, { onError: () => undefined }), RangeError);
});
