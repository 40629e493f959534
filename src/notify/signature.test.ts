import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Letter } from './body.ts';
import { messageId, signatureHeaders, signingKey } from './signature.ts';

test('the example of Standard Webhooks', () => {
  const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  assert.ok(key !== null);
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  assert.deepEqual(signatureHeaders(key, id, 1_614_265_330, '{"test": 2432232314}'), {
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('what can be no key is none', () => {
  const long = Buffer.alloc(65, 'x').toString('base64');
  for (const text of ['', 'whsec_', 'hunter2', 'whsec_aGk=', 'whsec_!!!', long]) {
    assert.equal(signingKey(text), null, text);
  }
  assert.equal(signingKey(` ${Buffer.alloc(64, 'x').toString('base64')}\n`)?.length, 64);
});

test('an id stays with its letter, and is of no other', () => {
  const notice = { incident: 'i7', state: 'open', severity: 'info', title: '', text: '' } as const;
  const letter: Letter = { stack: 'shop', notice, update: 0, at: 5, since: 5 };
  const id = messageId(['alpha', 'hook'], letter);
  assert.match(id, /^msg_[\w-]{27}$/);
  assert.equal(messageId(['alpha', 'hook'], { ...letter }), id);
  const others = [
    messageId(['beta', 'hook'], letter),
    messageId(['alpha', 'other'], letter),
    messageId(['alpha', 'hook'], { ...letter, update: 1 }),
    messageId(['alpha', 'hook'], { ...letter, at: 6 }),
    messageId(['alpha', 'hook'], { ...letter, stack: 'accounts' }),
  ];
  assert.equal(new Set([id, ...others]).size, 6);
});
