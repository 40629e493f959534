import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsOf, shownUrl, withoutSecrets } from './secret-url.ts';

const shown: readonly (readonly [string, string])[] = [
  ['https://hooks.slack.com/services/T0/B0/xyz', 'https://hooks.slack.com/…'],
  ['http://eve:pass@127.0.0.1:8080/hook?token=abc', 'http://127.0.0.1:8080/…'],
  ['not a url with token=abc', 'an unreadable URL'],
];

for (const [url, text] of shown) {
  test(`${text} is shown`, () => assert.equal(shownUrl(url), text));
}

test('no part of the URL, and no header, stays in a text', () => {
  const url = 'https://eve:pa%24%24word@h.example/robot/send/T0K3NT0K3N?access_token=s3cr3t#frag';
  const headers = { authorization: 'Bearer h3ader' };
  const said = [
    `Cannot POST /robot/send/T0K3NT0K3N?access_token=s3cr3t`,
    `fetch of ${url} failed`,
    `no robot T0K3NT0K3N`,
    'invalid url, hint: [s3cr3t]',
    'wrong password pa$$word of eve with Bearer h3ader',
  ];
  const text = withoutSecrets(said.join('\n'), secretsOf(url, headers));
  for (const secret of ['T0K3N', 's3cr3t', 'pa$$word', 'pa%24%24word', 'h3ader']) {
    assert.equal(text.includes(secret), false, text);
  }
  assert.match(text, /^Cannot POST …/);
});
