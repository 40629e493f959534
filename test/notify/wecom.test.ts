/** Messages to a group robot, by a server that holds WeCom's rules for them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { NotifyTarget } from '../../src/model/notify-spec.ts';
import { atEnd } from '../at-end.ts';
import { notice, notifier, type Received, type Receiver, receiver, until } from './receiver.ts';

const key = '693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa';

/** All are answered with 200; the body says how it went. */
function verdictOf({ path, headers, body }: Received): { errcode: number; errmsg: string } {
  const url = new URL(path, 'http://qyapi');
  if (url.pathname !== '/cgi-bin/webhook/send') return { errcode: 404, errmsg: 'no such address' };
  if (url.searchParams.get('key') !== key) {
    return {
      errcode: 93000,
      errmsg: `invalid webhook url, hint: [${url.searchParams.get('key')}]`,
    };
  }
  const json = headers['content-type']?.startsWith('application/json') === true;
  const { msgtype, text } = JSON.parse(body);
  if (!json || msgtype !== 'text') return { errcode: 40008, errmsg: 'invalid message type' };
  const { content } = text;
  if (typeof content !== 'string' || content === '') {
    return { errcode: 44004, errmsg: 'text content is empty' };
  }
  const long = Buffer.byteLength(content) > 2048;
  return long ? { errcode: 40058, errmsg: 'text.content exceed max length 2048' } : ok;
}

const ok = { errcode: 0, errmsg: 'ok' };

async function robot(t: TestContext): Promise<Receiver> {
  const server = await receiver(t);
  server.answer = (_, received) => (response) => response.end(JSON.stringify(verdictOf(received)));
  return server;
}

/** The address is in a file. */
function target(t: TestContext, { url }: Receiver, by = key): NotifyTarget {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-wecom-'));
  atEnd(t, () => rmSync(directory, { recursive: true }));
  const path = join(directory, 'url');
  writeFileSync(path, `${url}/cgi-bin/webhook/send?key=${by}\n`);
  const kind = { kind: 'webhook', url: { from: 'file', path }, format: 'wecom' } as const;
  return { name: 'robot', minSeverity: 'info', headers: {}, ...kind };
}

test('short and long messages arrive', async (t) => {
  const server = await robot(t);
  const { notifier: sender, reports } = notifier(t, [target(t, server)]);
  sender.notify(notice('数据库 db/1 已崩溃', { text: '重启 db/1' }));
  await until(() => server.received.length === 1, 'the first');
  sender.notify(notice('long', { text: '错误'.repeat(5000) }));
  await until(() => server.received.length === 2, 'the second');
  await sender.close();
  const [first] = server.received.map(({ body }) => JSON.parse(body).text.content);
  assert.equal(first, 'Daruma · accounts · warning · open\n数据库 db/1 已崩溃 (i1)\n重启 db/1');
  assert.deepEqual(server.received.map(verdictOf), [ok, ok]);
  assert.deepEqual(reports, []);
});

test('too many messages in a minute: it tries again', async (t) => {
  const server = await robot(t);
  const busy = { errcode: 45009, errmsg: 'api freq out of limit' };
  server.answer = (index, received) => (response) =>
    response.end(JSON.stringify(index === 0 ? busy : verdictOf(received)));
  const { notifier: sender, reports } = notifier(t, [target(t, server)]);
  sender.notify(notice('it'));
  await until(() => server.received.length === 2, 'the second attempt');
  await sender.close();
  assert.deepEqual(reports, []);
});

test('a wrong key is told once, without the key', async (t) => {
  const server = await robot(t);
  const { notifier: sender, reports } = notifier(t, [target(t, server, 'wr0ng-wr0ng')]);
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  await sender.close();
  assert.match(reports[0]?.message ?? '', /refused it: .*93000.*hint: \[…\]/);
  assert.doesNotMatch(JSON.stringify(reports), /wr0ng/);
  assert.equal(server.received.length, 1);
});
