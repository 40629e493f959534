import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './webhook.ts';

function answered(status: number, text = '', retryAfter: string | null = null) {
  return { kind: 'answered', status, text, retryAfter } as const;
}

const table = [
  ['json', answered(200), null],
  ['json', answered(204), null],
  ['json', answered(200, '{"code":19001}'), null],
  ['slack', answered(200, 'ok'), null],
  ['slack', answered(404, 'no_service'), { retryable: false, reason: 'answered 404: no_service' }],
  ['slack', answered(429, '', '30'), { retryable: true, retryAfterMs: 30_000 }],
  ['json', answered(429, '', 'Wed, 21 Oct 2026 07:28:00 GMT'), { retryAfterMs: 0 }],
  ['json', answered(503), { retryable: true, reason: 'answered 503' }],
  ['json', answered(408), { retryable: true }],
  ['json', answered(302), { retryable: false }],
  ['feishu', answered(200, '{"code":0,"msg":"success"}'), null],
  ['feishu', answered(200, '{"StatusCode":0,"StatusMessage":"success"}'), null],
  ['feishu', answered(200, '{"code":19001,"msg":"token invalid"}'), { retryable: false }],
  ['feishu', answered(200, '{"code":11232,"msg":"too fast"}'), { retryable: true }],
  ['dingtalk', answered(200, '{"errcode":0,"errmsg":"ok"}'), null],
  ['dingtalk', answered(200, '{"errcode":310000,"errmsg":"keywords"}'), { retryable: false }],
  ['dingtalk', answered(200, '{"errcode":130101,"errmsg":"too fast"}'), { retryable: true }],
  ['dingtalk', answered(200, '<html>'), null],
  ['json', { kind: 'failed', reason: 'reset', retryable: true }, { reason: 'reset' }],
] as const;

for (const [format, answer, expected] of table) {
  test(`${format}: ${JSON.stringify(answer)}`, () => {
    const failure = judge(format, answer);
    if (expected === null) assert.equal(failure, null);
    else assert.deepEqual({ ...failure, ...expected }, failure);
  });
}
