import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutMessage, identity, messageLengthMax, normaliseMessage } from './error-identity.ts';

const table: readonly (readonly [string, string])[] = [
  ['user 17 not found', 'user <n> not found'],
  ['took 3.5 s', 'took <n>.<n> s'],
  ['no "alpha" in \'beta gamma\'', 'no <text> in <text>'],
  ['«错误» 12', '<text> <n>'],
  ["can't open it; it's gone", "can't open it; it's gone"],
  ['id 123e4567-e89b-12d3-a456-426614174000 taken', 'id <uuid> taken'],
  ['at 0xDEADbeef, commit 4f2a9c1', 'at <hex>, commit <hex>'],
  ['the facade decade', 'the facade decade'],
  ['', ''],
];

for (const [message, normal] of table) {
  test(`«${message}» is normalised`, () => assert.equal(normaliseMessage(message), normal));
}

test('the origin, the code and the source tell errors apart, numbers do not', () => {
  const origin = { service: 'api', instance: 'api/1', host: 'h' } as const;
  const error = { code: 'E', message: 'try 1', origin, source: 'log' } as const;
  const same = identity({ ...error, message: 'try 2' });
  const others = [
    { ...error, code: 'F' },
    { ...error, source: 'check' },
    { ...error, origin: { ...origin, instance: 'api/2' } },
    { ...error, origin: { ...origin, host: 'i' } },
    { ...error, message: 'retry 1' },
  ] as const;
  assert.equal(identity(error), same);
  assert.equal(new Set([error, ...others].map(identity)).size, 1 + others.length);
});

test('long messages are cut', () => {
  assert.equal(cutMessage('x'.repeat(messageLengthMax)).length, messageLengthMax);
  assert.equal(cutMessage('x'.repeat(1e6)).length, messageLengthMax);
});
