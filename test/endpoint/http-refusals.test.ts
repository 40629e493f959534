import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { good, wrong } from '../../src/endpoint/http/requests.fixture.ts';
import { HttpRig } from './http-rig.ts';

describe('over a real connection', () => {
  const rig = new HttpRig();
  before(async () => {
    await rig.start();
    const settings = { bodyBytesMax: 1_000, headTimeoutMs: 2_000, idleTimeoutMs: 3_000 };
    await rig.serve(await rig.instances('one'), settings);
  });
  after(() => rig.end());

  /** What follows is answered too, or else nobody has read it in another way. */
  const next = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

  for (const [what, status, text] of wrong) {
    // What is only wrong for want of more would be made up for by what follows.
    test(`a request with ${what} gets ${status}, and nothing after it is read`, async () => {
      const answer = await rig.raw(text + next);
      assert.equal(answer.match(/^HTTP\/1\.1 (\d+)/)?.[1], String(status), answer);
      assert.match(answer, /^Connection: close\r$/m);
      assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1, answer);
    });
  }

  test('good requests are answered', async () => {
    for (const [what, text] of good) {
      const answer = await rig.raw(`${text}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 (404|200|400|204)/, what);
    }
  });

  test('a head that does not come to its end gets 408', async () => {
    assert.match(await rig.raw('GET / HTTP/1.1\r\nHost:'), /^HTTP\/1\.1 408 /);
  });

  test('a connection on which nothing is asked ends without a word', async () => {
    assert.equal(await rig.raw(''), '');
    assert.match(await rig.raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /\r\n\r\none$/);
  });

  test('a body that is too long gets 413, told or not', async () => {
    const head = 'POST /echo HTTP/1.1\r\nHost: a\r\n';
    const long = 'x'.repeat(1_001);
    const told = await rig.raw(`${head}Content-Length: 1001\r\n\r\n${long}`);
    assert.match(told, /^HTTP\/1\.1 413 /);
    const chunk = await rig.raw(`${head}Transfer-Encoding: chunked\r\n\r\n3e9\r\n${long}\r\n`);
    assert.match(chunk, /^HTTP\/1\.1 413 /);
  });

  test('a senseless answer gets 502, and what follows an answer goes to nobody', async () => {
    assert.equal((await rig.ask('/garbage')).status, 502);
    assert.equal(await rig.text('/two-answers'), 'a');
    assert.equal(await rig.text('/'), 'one');
  });

  test('an answer that is cut short does not look whole', async () => {
    await assert.rejects(rig.ask('/half'));
  });
});
