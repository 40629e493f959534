import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatText, type Letter, webhookBody } from './body.ts';

function letter(text: string, update = 0): Letter {
  const notice = {
    kind: 'notify',
    unrecordedOk: true,
    incident: 'i7',
    severity: 'critical',
    state: 'needs-person',
    title: 'api/2 does not start',
    text,
    services: ['api'],
  } as const;
  return { stack: 'accounts', notice, update, at: 1000, since: 500 };
}

test('chat text: what, where, how bad, which incident, which update', () => {
  assert.equal(
    chatText(letter('last line: no such file')),
    'Daruma · accounts · critical · needs a person\n' +
      'api/2 does not start (i7)\n' +
      'last line: no such file',
  );
  assert.match(chatText(letter('', 3)), /\(i7, update 3\)$/);
});

test('our own JSON has exactly these fields', () => {
  assert.deepEqual(JSON.parse(webhookBody('json', letter('why', 2))), {
    version: 1,
    stack: 'accounts',
    incident: 'i7',
    update: 2,
    severity: 'critical',
    state: 'needs-person',
    title: 'api/2 does not start',
    text: 'why',
    services: ['api'],
    at: '1970-01-01T00:00:01.000Z',
  });
});

const hostile = 'a "b" \\ \n\t<!channel> & <at user_id="all">all</at> 错误 \u0000';

test('Slack: its three characters are escaped, so no mention comes out of a log line', () => {
  const body = JSON.parse(webhookBody('slack', letter(hostile)));
  assert.deepEqual(Object.keys(body), ['text']);
  assert.match(body.text, /&lt;!channel&gt; &amp; &lt;at user_id="all"&gt;/);
  assert.doesNotMatch(body.text, /[<>]/);
});

test('Feishu: the text is kept but for mentions', () => {
  const body = JSON.parse(webhookBody('feishu', letter(hostile)));
  assert.equal(body.msg_type, 'text');
  assert.match(body.content.text, /a "b" \\ \n\t<!channel> & ＜at user_id="all">all＜\/at> 错误/);
});

test('DingTalk: the text is kept', () => {
  const body = JSON.parse(webhookBody('dingtalk', letter(hostile)));
  assert.equal(body.msgtype, 'text');
  assert.ok(body.text.content.endsWith(hostile.trimEnd()));
});

test('WeCom: no mention comes out of a log line, and 2048 bytes are not exceeded', () => {
  const body = JSON.parse(webhookBody('wecom', letter('<@all> 错误')));
  assert.equal(body.msgtype, 'text');
  assert.ok(body.text.content.endsWith('＜@all> 错误'));
  for (const pad of ['', 'x', 'xx']) {
    const { text } = JSON.parse(webhookBody('wecom', letter(pad + '错'.repeat(5000))));
    assert.ok(Buffer.byteLength(text.content) <= 2048);
    assert.ok(text.content.endsWith('错…'));
  }
});

test('a summary and a test name no incident', () => {
  for (const state of ['summary', 'test'] as const) {
    const notice = { incident: state, state, severity: 'info', title: 'It', text: '' } as const;
    const shown = chatText({ stack: 'accounts', notice, update: 0, at: 0, since: 0 });
    assert.equal(shown, `Daruma · accounts · info · ${state}\nIt`);
  }
});

test('long texts are cut, never through a character', () => {
  for (const pad of ['', 'x']) {
    const text = chatText(letter(pad + '😀'.repeat(5000)));
    assert.ok(text.length <= 4000);
    assert.ok(text.isWellFormed());
    assert.ok(text.endsWith('…'));
  }
});
