/** Whatever happens to instances and clients, each answer belongs to its request, and is whole. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { HttpRig, type Instance } from './http-rig.ts';

const rig = new HttpRig();
before(() => rig.start());
after(() => rig.end());

/** The same for the same number. */
function lengthOf(number: number): number {
  return [0, 10, 3_000, 20_000, 150_000][number % 5] ?? 0;
}

async function askAndCheck(number: number, tally: { right: number; failed: number }) {
  const how = number % 3 === 0 ? 'chunked' : 'plain';
  const length = lengthOf(number);
  const body = number % 7 === 0 ? 'b'.repeat(lengthOf(number + 1)) : '';
  const method = body === '' ? 'GET' : 'POST';
  try {
    const { status, text } = await rig.ask(`/say/w${number}/${length}/${how}`, method, body);
    if (status === 200) {
      assert.equal(text.length, `w${number} `.length + length);
      assert.ok(text.startsWith(`w${number} `), text.slice(0, 20));
      tally.right += 1;
    } else {
      assert.ok(status === 502 || status === 503, String(status));
      tally.failed += 1;
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    tally.failed += 1;
  }
}

/** A client that goes in the middle of its request or of the answer. */
function goesEarly(number: number): void {
  const socket = net.connect(rig.port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write(
    `GET /say/gone${number}/150000/plain HTTP/1.1\r\nHost: a\r\n${number % 2 ? '\r\n' : ''}`,
  );
  socket.once('data', () => socket.destroy());
  if (number % 4 === 0) setImmediate(() => socket.destroy());
  else setTimeout(() => socket.destroy(), 100);
}

test('answers are not mixed up', async () => {
  const instances = await rig.instances('one', 'two', 'three');
  const [one, two, three] = instances as [Instance, Instance, Instance];
  await rig.serve(instances);
  const tally = { right: 0, failed: 0 };
  let number = 0;
  const round = async (count: number) => {
    const asked = Array.from({ length: count }, () => askAndCheck(number++, tally));
    for (let index = 0; index < 10; index++) goesEarly(number + index);
    await Promise.all(asked);
  };
  for (let turn = 0; turn < 10; turn++) await round(40);
  assert.equal(tally.failed, 0);
  three.process.kill('SIGKILL');
  for (let turn = 0; turn < 5; turn++) await round(40);
  one.process.kill('SIGSTOP');
  const meanwhile = round(200);
  setTimeout(() => one.process.kill('SIGCONT'), 500);
  await meanwhile;
  for (let turn = 0; turn < 5; turn++) await round(40);
  two.process.kill('SIGKILL');
  for (let turn = 0; turn < 5; turn++) await round(40);
  assert.equal(tally.right + tally.failed, number);
  assert.ok(tally.failed < number / 10, `${tally.failed} of ${number} failed`);
});
