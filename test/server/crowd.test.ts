/** Many look on while something breaks: it is mended all the same, and all see it. */
import assert from 'node:assert/strict';
import { Agent, type ClientRequest, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { bench, until } from '../scenarios/harness.ts';

const password = 'correct horse battery';
const watchers = 200;
const askers = 5;

interface Watcher {
  readonly call: ClientRequest;
  text: string;
}

/** Reads the stream for as long as the test goes on. */
function watch(t: TestContext, port: number, headers: object): Watcher {
  const path = '/api/v1/stream?topics=record,incident';
  const options = { port, host: '127.0.0.1', path, headers: { ...headers }, agent: false as const };
  const watcher: Watcher = {
    text: '',
    call: request(options, (response) => {
      response.setEncoding('utf8').on('data', (part: string) => {
        watcher.text += part;
      });
      response.on('error', () => undefined);
    }),
  };
  watcher.call.on('error', () => undefined).end();
  atEnd(t, () => watcher.call.destroy());
  return watcher;
}

/** Asks again and again until it is told to stop; resolves with the statuses. */
async function ask(port: number, headers: object, agent: Agent, signal: AbortSignal) {
  const statuses: number[] = [];
  while (!signal.aborted) {
    statuses.push(
      await new Promise<number>((resolve, reject) => {
        const path = '/api/v1/services';
        const options = { port, host: '127.0.0.1', path, headers: { ...headers }, agent };
        const call = request(options, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        });
        call.on('error', reject).end();
      }),
    );
  }
  return statuses;
}

/** Numbers of the records from the fault to the end of its incident. */
function toldBetween({ text }: Watcher): string[] {
  const [begin, end] = ['"kind":"instance-exited"', '"kind":"incident-resolved"'];
  return text.slice(text.indexOf(begin), text.indexOf(end)).match(/^id: \d+$/gm) ?? [];
}

test('200 watchers and a crowd of questions: the fault is mended, and all are told', async (t) => {
  const port = await freePort();
  const services = { sleeper: { command: ['sleep', '100000'], replicas: 2 } };
  const stack = { name: 'crowd', console: { address: port }, services };
  const made = await bench(t, JSON.stringify(stack));
  await made.up();
  const { setup } = await made.json<{ setup: string }>('console');
  const entered = await fetch(`http://127.0.0.1:${port}/api/v1/auth/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ann', password, secret: setup.split('#')[1] }),
  });
  assert.equal(entered.status, 201);
  const cookies = entered.headers.getSetCookie().map((one) => one.split(';')[0]);
  const headers = { cookie: cookies.join('; ') };
  const all = Array.from({ length: watchers }, () => watch(t, port, headers));
  await until('all watch', () => all.every(({ text }) => text.includes('event: hello')));

  const agent = new Agent({ keepAlive: true });
  const enough = new AbortController();
  const asking = Array.from({ length: askers }, () => ask(port, headers, agent, enough.signal));
  const pid = await made.pid('sleeper/1');
  process.kill(pid, 'SIGKILL');
  await until('it is mended', async () => (await made.incidents())[0]?.state === 'resolved');
  const isTold = ({ text }: Watcher) =>
    text.includes('"kind":"incident-resolved"') && text.includes('"state":"resolved"');
  await until('all are told', () => all.every(isTold));
  enough.abort();
  const statuses = (await Promise.all(asking)).flat();
  agent.destroy();
  assert.ok(statuses.length > 0 && statuses.every((status) => status === 200));
  assert.notEqual(await made.pid('sleeper/1'), pid);
  const [first, ...others] = all.map(toldBetween);
  assert.ok(first !== undefined && first.length > 3);
  for (const other of others) assert.deepEqual(other, first);
  assert.doesNotMatch(await made.controllerLog(), /controller ended|API process ended/);
});
