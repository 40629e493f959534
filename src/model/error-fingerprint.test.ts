import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fingerprint, normaliseMessage } from './error-fingerprint.ts';

const table: readonly (readonly [string, string])[] = [
  ['user 17 not found', 'user <n> not found'],
  ['took 3.5 s, not -1e-7', 'took <n> s, not <n>'],
  ['took 3.5ms of 1,234,567', 'took <n>ms of <n>'],
  ['no "alpha" in \'beta gamma\'', 'no <text> in <text>'],
  ['no "a \\"b\\" c" here', 'no <text> here'],
  ['«错误» 12 “x” „y“ ‘z’ 「值」', '<text> <n> <text> <text> <text> <text>'],
  ["can't open it; it's gone", "can't open it; it's gone"],
  ['id 123e4567-e89b-12d3-a456-426614174000 taken', 'id <n> taken'],
  ['at 0xDEADbeef, commit 4f2a9c1, deadbeef', 'at <n>, commit <n>, <n>'],
  ['the facade decade', 'the facade decade'],
  ['GET /users/ab12/cart?page=2 failed', 'GET /users/<n>/cart?page=<n> failed'],
  ['https://api.test/v1/orders/o_77x: 404', 'https://api.test/<n>/orders/<n>: <n>'],
  ['open /srv/app/main.js:12:5', 'open /srv/app/main.js:<n>:<n>'],
  ['token V1StGXR8Z5jdHi6B expired', 'token <n> expired'],
  ['2026-11-21T15:00:00.123Z late', '<n>-<n>-<n>T<n>:<n>:<n>Z late'],
  ['', ''],
];

/** What changes from one happening to the next, each kind by itself. */
const values = {
  integer: fc.integer().map(String),
  fraction: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  address: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => `0x${n.toString(16)}`),
  uuid: fc.uuid(),
  path: fc
    .array(fc.constantFrom('users', 'orders', 'lib'), { maxLength: 3 })
    .chain((before) => fc.tuple(fc.constant(before), fc.nat()))
    .map(([before, n]) => ['', ...before, `a${n}b`].join('/')),
  quoted: fc.string().map((text) => JSON.stringify(text)),
  guillemets: fc.string().map((text) => `«${text.replaceAll(/[«»]/g, '')}»`),
};
type Kind = keyof typeof values;

/** Nothing in it changes. */
const fixed = fc.constantFrom('user', 'not found', "isn't", 'ECONNREFUSED', 'от', '订单', 'at', '');
const template = fc.array(fc.tuple(fixed, fc.constantFrom(...(Object.keys(values) as Kind[]))), {
  maxLength: 6,
});

function filled(parts: readonly (readonly [string, Kind])[]): fc.Arbitrary<string> {
  const texts = parts.map(([word, kind]) => values[kind].map((value) => `${word} ${value}`));
  return fc.tuple(...texts).map((pieces) => pieces.join(' '));
}

describe('fingerprints', () => {
  for (const [message, normal] of table) {
    test(`«${message}» is normalised`, () => assert.equal(normaliseMessage(message), normal));
  }

  test('whatever numbers, addresses, ids, paths and quotes change to, it is the same', () => {
    const path = values.path;
    fc.assert(
      fc.property(
        template.chain((parts) => {
          // Parts of a path without a digit tell errors apart, so both have the same.
          const kinds = parts.map(([word, kind]) => [word, kind === 'path' ? 'integer' : kind]);
          const same = kinds as [string, Kind][];
          return fc.tuple(filled(same), filled(same));
        }),
        ([one, other]) => assert.equal(normaliseMessage(one), normaliseMessage(other)),
      ),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(path, fc.nat(), (one, n) => {
        const other = one.replace(/a\d+b$/, `z${n}`);
        assert.equal(normaliseMessage(`GET ${one}`), normaliseMessage(`GET ${other}`));
      }),
    );
  });

  test('words tell errors apart', () => {
    const word = fc.stringMatching(/^[g-z]{1,12}$/);
    fc.assert(
      fc.property(word, word, (one, other) => {
        const same = normaliseMessage(`no ${one} 7`) === normaliseMessage(`no ${other} 8`);
        assert.equal(same, one === other);
      }),
    );
  });

  test('any text is normalised to at most 500 characters, without delay', () => {
    const hostile = ['"', "'", '\\"', '/1', '0x', 'a1', '«', '-1', '1e'].map((part) =>
      part.repeat(5_000),
    );
    for (const text of hostile) assert.ok(normaliseMessage(text).length <= 500);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        assert.ok(normaliseMessage(text).length <= 500);
      }),
    );
  });

  test('the origin, the code and the source tell errors apart; numbers and the role do not', () => {
    const origin = { service: 'api', instance: 'api/1', host: 'h' } as const;
    const error = { code: 'E', message: 'try 1', origin, source: 'log' } as const;
    const same = [
      { ...error, message: 'try 2' },
      { ...error, origin: { ...origin, role: 'primary' } },
    ] as const;
    const others = [
      { ...error, code: 'F' },
      { ...error, source: 'check' },
      { ...error, origin: { ...origin, instance: 'api/2' } },
      { ...error, origin: { ...origin, host: 'i' } },
      { ...error, message: 'retry 1' },
    ] as const;
    for (const one of same) assert.equal(fingerprint(one), fingerprint(error));
    assert.equal(new Set([error, ...others].map(fingerprint)).size, 1 + others.length);
  });
});
