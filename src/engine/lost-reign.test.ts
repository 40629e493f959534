/** The state directory was lost, and the data tells who was primary. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenario } from './scenario.fixture.ts';
import { database, stack } from './stack.fixture.ts';

const told = 'F6: by its data db was led by db/2 last, in epoch 5';

function lost(primary: `db/${number}` = 'db/2') {
  const s = scenario(stack([database('db')]));
  s.cannotStart('db/1', told, false, { epoch: 5, primary });
  return s.up();
}

test('nothing is started before a person says so, and then as the data says', () => {
  const s = lost();
  assert.equal(s.incident().state, 'needs-person');
  assert.match(s.incident().summary, /F6: by its data db was led by db\/2 last, in epoch 5/);
  assert.deepEqual(s.started(), ['db/1']);
  s.forget().mended('db/1').ask({ kind: 'approve', incident: 'i1' }).passes(30_000);
  assert.equal(s.sent('reply').at(-1)?.message, 'db/2 is primary, as its data says');
  assert.deepEqual(s.steps(), [
    'start db/2 primary 5',
    'promote db/2 5',
    'start db/1 standby 5',
    'admit db/1 5',
  ]);
  assert.equal(s.group('db'), '5 db/2 [db/1] serving');
  assert.equal(s.incident().state, 'resolved');
  assert.notEqual(s.state.incidents['i1']?.consent, true);
});

test('one that says no is asked no more; whom the stack file lacks can not lead', () => {
  const s = lost().forget().ask({ kind: 'reject', incident: 'i1' }).passes(60_000);
  assert.deepEqual(s.started(), []);
  const gone = lost('db/3').ask({ kind: 'approve', incident: 'i1' });
  assert.equal(
    gone.sent('reply').at(-1)?.error?.message,
    'by its data db/3 was primary last, which is not in the stack file',
  );
});
