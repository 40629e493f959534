import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserted, notice, notifier, receiver, titles, until, webhook } from './receiver.ts';

test('one message per incident, updated, in order', async (t) => {
  const server = await receiver(t);
  const { notifier: sender, reports } = notifier(t, [webhook(server.url)]);
  sender.notify(notice('first'));
  await until(() => server.received.length === 1, 'the first');
  sender.notify(notice('second', { state: 'resolved' }));
  sender.notify(notice('other', { incident: 'i2' }));
  await until(() => server.received.length === 3, 'all');
  await sender.close();
  const bodies = server.received.map(({ body }) => JSON.parse(body));
  const ofFirst = bodies.filter(({ incident }) => incident === 'i1');
  assert.deepEqual(
    ofFirst.map(({ title, update, stack }) => ({ title, update, stack })),
    [
      { title: 'first', update: 0, stack: 'accounts' },
      { title: 'second', update: 1, stack: 'accounts' },
    ],
  );
  assert.equal(bodies.find(({ incident }) => incident === 'i2')?.update, 0);
  assert.deepEqual(reports, []);
});

test('while one is under way later ones become one: the latest', async (t) => {
  const server = await receiver(t);
  let release = () => undefined as unknown;
  server.answer = (index) =>
    index > 0
      ? 200
      : (response) => {
          release = () => response.end();
        };
  const { notifier: sender } = notifier(t, [webhook(server.url)]);
  sender.notify(notice('0'));
  await until(() => server.received.length === 1, 'the first');
  for (let index = 1; index <= 20; index += 1) sender.notify(notice(String(index)));
  release();
  await until(() => server.received.length === 2, 'the latest');
  await sender.close();
  assert.deepEqual(titles(server.received), ['0', '20']);
  assert.equal(JSON.parse(server.received[1]?.body ?? '').update, 20);
});

test('broken connections, 500 and silence are tried again until it arrives', async (t) => {
  const server = await receiver(t);
  const answers = ['break', 500, 'hang', 503, 429, 200] as const;
  server.answer = (index) => answers[index] ?? 200;
  const { notifier: sender, reports } = notifier(t, [webhook(server.url)], {
    timing: { attemptTimeoutMs: 2000 },
  });
  sender.notify(notice('it'));
  await until(() => server.received.length === answers.length, 'all attempts');
  await sender.close();
  assert.equal(server.received.length, answers.length);
  assert.equal(new Set(server.received.map(({ body }) => body)).size, 1);
  assert.deepEqual(reports, []);
});

test('while it fails, a later notice takes the place of the one that waits', async (t) => {
  const server = await receiver(t);
  server.answer = (_, { body }) => (body.includes('late') ? 200 : 500);
  const { notifier: sender, reports } = notifier(t, [webhook(server.url)]);
  sender.notify(notice('early'));
  await until(() => server.received.length >= 2, 'two attempts');
  sender.notify(notice('late'));
  await until(() => titles(server.received).includes('late'), 'the later one');
  const count = server.received.length;
  await sender.close();
  assert.equal(server.received.length, count);
  assert.deepEqual(reports, []);
});

test('an incident that the target cannot digest holds no other up', async (t) => {
  const server = await receiver(t);
  server.answer = (_, { body }) => (body.includes('poison') ? 500 : 200);
  const { notifier: sender } = notifier(t, [webhook(server.url)], { timing: { closeGraceMs: 1 } });
  sender.notify(notice('poison'));
  await until(() => server.received.length >= 3, 'some attempts');
  sender.notify(notice('fine', { incident: 'i2' }));
  await until(() => titles(server.received).includes('fine'), 'the other');
});

test('after the deadline it is given up and told, without what is secret', async (t) => {
  const server = await receiver(t);
  server.answer = () => (response) => {
    response.writeHead(500).end('no /services/T0K3NT0K3N?key=s3cr3t here');
  };
  const url = `${server.url}/services/T0K3NT0K3N?key=s3cr3t`;
  const { notifier: sender, reports } = notifier(t, [webhook(url)], {
    timing: { deadlineMs: 200 },
  });
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  const [report] = reports;
  assert.deepEqual([report?.code, report?.source], ['NOTIFY_FAILED', 'daruma']);
  assert.match(report?.message ?? '', /incident i1 to hook \(http:\/\/127.0.0.1:\d+\/…\)/);
  assert.match(report?.message ?? '', /answered 500: no … here(, \d+ attempts)?$/);
  assert.doesNotMatch(JSON.stringify(reports), /T0K3N|s3cr3t/);
  sender.notify(notice('once more'));
  await until(() => reports.length > 1, 'a later notice is tried anew');
});

test('a target that refuses is not asked again', async (t) => {
  const server = await receiver(t);
  server.answer = () => 404;
  const { notifier: sender, reports } = notifier(t, [webhook(server.url)]);
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  await sender.close();
  assert.equal(server.received.length, 1);
  assert.match(reports[0]?.message ?? '', /answered 404$/);
});

test('nobody is there: the report says so', async (t) => {
  const url = `${await deserted()}/secretpath`;
  const { notifier: sender, reports } = notifier(t, [webhook(url)], { timing: { deadlineMs: 50 } });
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  assert.match(reports[0]?.message ?? '', /fetch failed: connect ECONNREFUSED/);
  assert.doesNotMatch(reports[0]?.message ?? '', /secretpath/);
});

test('redirects are not followed: neither message nor headers go elsewhere', async (t) => {
  const elsewhere = await receiver(t);
  const server = await receiver(t);
  server.answer = () => (response) => {
    response.writeHead(307, { location: elsewhere.url }).end();
  };
  const headers = { authorization: 'Bearer s3cr3t' };
  const { notifier: sender, reports } = notifier(t, [webhook(server.url, { headers })]);
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  assert.match(reports[0]?.message ?? '', /307; redirects are not followed/);
  assert.equal(elsewhere.received.length, 0);
  assert.equal(server.received[0]?.headers.authorization, 'Bearer s3cr3t');
});

test('a user name and password in the URL are sent as such, and not told', async (t) => {
  const server = await receiver(t);
  server.answer = () => 403;
  const url = `${server.url.replace('//', '//eve:pa%24%24word@')}/hook`;
  const { notifier: sender, reports } = notifier(t, [webhook(url)]);
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  const expected = `Basic ${Buffer.from('eve:pa$$word').toString('base64')}`;
  assert.equal(server.received[0]?.headers.authorization, expected);
  assert.doesNotMatch(JSON.stringify(reports), /pa.{0,6}word|eve/);
});

test('a header that cannot be one is told at once, without its value', async (t) => {
  const server = await receiver(t);
  const headers = { authorization: 'Bearer s3cr3t\nx' };
  const { notifier: sender, reports } = notifier(t, [webhook(server.url, { headers })]);
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  assert.doesNotMatch(JSON.stringify(reports), /s3cr3t/);
});

test('what is not severe enough is not sent, but who was told is told how it ends', async (t) => {
  const server = await receiver(t);
  const target = webhook(server.url, { minSeverity: 'warning' });
  const { notifier: sender } = notifier(t, [target]);
  sender.notify(notice('quiet', { incident: 'i2', severity: 'info' }));
  sender.notify(notice('loud', { severity: 'critical' }));
  await until(() => server.received.length === 1, 'the loud one');
  sender.notify(notice('over', { severity: 'info', state: 'resolved' }));
  await until(() => server.received.length === 2, 'its end');
  await sender.close();
  assert.deepEqual(titles(server.received), ['loud', 'over']);
});

test('a changed stack file: what is under way goes to the new address of its target', async (t) => {
  const old = await receiver(t);
  old.answer = () => 500;
  const server = await receiver(t);
  const { notifier: sender, reports } = notifier(t, [webhook(old.url)]);
  sender.notify(notice('it'));
  await until(() => old.received.length > 0, 'an attempt');
  sender.configure('accounts', [{ targets: [webhook(server.url)], heartbeat: null }]);
  await until(() => server.received.length === 1, 'the message');
  await sender.close();
  assert.deepEqual(reports, []);
});

test('close waits a moment and tells what was not delivered; then nothing goes out', async (t) => {
  const server = await receiver(t);
  server.answer = () => 'hang';
  const { notifier: sender, reports } = notifier(t, [webhook(server.url)], {
    timing: { closeGraceMs: 50 },
  });
  sender.notify(notice('it'));
  await until(() => server.received.length === 1, 'the request');
  await Promise.all([sender.close(), sender.close()]);
  assert.equal(reports.length, 1);
  sender.notify(notice('too late', { incident: 'i2' }));
  await sender.close();
  assert.equal(server.received.length, 1);
});
