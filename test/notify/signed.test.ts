/** Signed webhooks, checked by a receiver as Standard Webhooks tells it to. */
import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { test } from 'node:test';
import { notice, notifier, type Received, receiver, until, webhook } from './receiver.ts';

const secret = `whsec_${Buffer.from('a secret of thirty-two bytes, yes').toString('base64')}`;
const url = (to: string) => ({ secret: { from: 'environment', name: 'SECRET' }, url: to }) as const;

/** Written from the specification, for whoever receives: nothing of ours is in it. */
function isGenuine({ headers, body }: Received, toleranceSeconds = 300): boolean {
  const [id, at, given] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    String(headers[name]),
  );
  if (Math.abs(Date.now() / 1000 - Number(at)) > toleranceSeconds) return false;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest();
  return (given ?? '').split(' ').some((one) => {
    const [version, signature = ''] = one.split(',');
    const bytes = Buffer.from(signature, 'base64');
    return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}

test('each attempt is signed anew, under the same id; the next message has another', async (t) => {
  const server = await receiver(t);
  server.answer = (index) => (index === 0 ? 500 : 200);
  const variable = (name: string) => (name === 'SECRET' ? secret : undefined);
  const { notifier: sender, reports } = notifier(t, [webhook('', url(server.url))], { variable });
  sender.notify(notice('it'));
  await until(() => server.received.length === 2, 'two attempts');
  sender.notify(notice('it is over', { state: 'resolved' }));
  await until(() => server.received.length === 3, 'the next message');
  await sender.close();
  assert.deepEqual(
    server.received.map((one) => isGenuine(one)),
    [true, true, true],
  );
  const [first, again, next] = server.received.map(({ headers }) => headers['webhook-id']);
  assert.equal(first, again);
  assert.notEqual(first, next);
  const [received] = server.received;
  assert.ok(received !== undefined);
  assert.equal(isGenuine({ ...received, body: `${received.body} ` }), false);
  assert.deepEqual(reports, []);
});

test('without its secret, or with one that is none, nothing is sent unsigned', async (t) => {
  const server = await receiver(t);
  for (const value of [undefined, 'hunter2hunter2']) {
    const options = { variable: () => value, timing: { deadlineMs: 50 } };
    const { notifier: sender, reports } = notifier(t, [webhook('', url(server.url))], options);
    sender.notify(notice('it'));
    await until(() => reports.length > 0, 'the report');
    assert.match(reports[0]?.message ?? '', /SECRET isn't set|signing secret is not whsec_/);
    assert.doesNotMatch(JSON.stringify(reports), /hunter2/);
  }
  assert.equal(server.received.length, 0);
});
