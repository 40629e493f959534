/** The output of instances over the API: kept by Daruma, or printed by a service's own command. */
import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { bench, until } from '../scenarios/harness.ts';

const password = 'correct horse battery';

test('logs are read, searched and followed', async (t) => {
  const port = await freePort();
  const said = 'echo one; echo TWO two; echo three; sleep 100000';
  const services = {
    own: { command: said, shell: true },
    other: {
      driver: 'external',
      mode: 'observe',
      external: { status: 'true', logs: ['tail', '-n', '100', '-f', 'other.log'] },
    },
  };
  const stack = { name: 'logs', console: { address: port }, services };
  const made = await bench(t, JSON.stringify(stack));
  await writeFile(`${made.directory}/other.log`, 'uno\ndos\n');
  await made.up();
  const { setup } = await made.json<{ setup: string }>('console');
  const base = `http://127.0.0.1:${port}/api/v1`;
  const entered = await fetch(`${base}/auth/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ann', password, secret: setup.split('#')[1] }),
  });
  const cookies = entered.headers.getSetCookie().map((one) => one.split(';')[0]);
  const headers = { cookie: cookies.join('; ') };
  const lines = async (service: string, query = '') => {
    const answer = await fetch(`${base}/services/${service}/instances/1/logs${query}`, { headers });
    assert.equal(answer.status, 200);
    return ((await answer.json()) as { items: { text: string; next: number }[] }).items;
  };
  const texts = async (service: string, query = '') =>
    (await lines(service, query)).map(({ text }) => text);
  await until('all is said', async () => (await texts('own')).length === 3);
  assert.deepEqual(await texts('own', '?lines=2'), ['TWO two', 'three']);
  assert.deepEqual(await texts('own', '?search=two'), ['TWO two']);
  const [first] = await lines('own');
  assert.deepEqual(await texts('own', `?after=${first?.next}&lines=1`), ['TWO two']);
  assert.deepEqual(await texts('other'), ['uno', 'dos']);

  const over = new AbortController();
  atEnd(t, () => over.abort());
  const stream = await fetch(`${base}/services/other/instances/1/logs/stream?lines=1`, {
    headers,
    signal: over.signal,
  });
  assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  let text = '';
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  const more = async () => {
    text += (await reader?.read())?.value ?? '';
    return text;
  };
  await until('it has begun', async () => (await more()).includes('"text":"dos"'));
  await appendFile(`${made.directory}/other.log`, 'tres\n');
  await until('what is new comes', async () => (await more()).includes('"text":"tres"'));
});
