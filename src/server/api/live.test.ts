import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredRecord } from '../../model/record.ts';
import type { StackView } from '../../model/view.ts';
import { LiveStack } from './live.ts';
import type { StackLink } from './stack-link.ts';

/** A controller of one service, whose note changes with each record. */
function controller() {
  let seq = 1;
  let tell: (stored: StoredRecord) => void = () => undefined;
  const followed = Promise.withResolvers<void>();
  const link = {
    stack: async () => {
      const services = [{ name: 'web', note: `as of ${seq}` }];
      return { name: 'shop', seq, at: seq, services } as unknown as StackView;
    },
    follow: async function* () {
      for (;;) {
        yield await new Promise<StoredRecord>((resolve) => {
          tell = resolve;
          followed.resolve();
        });
      }
    },
  };
  const happen = (): void => {
    seq += 1;
    tell({ seq, unrecorded: false, record: { at: seq, kind: 'looking' } } as StoredRecord);
  };
  return { link: link as unknown as StackLink, happen, followed: followed.promise };
}

test('who listens is told of a change that somebody else has read meanwhile', async () => {
  const { link, happen, followed } = controller();
  const live = new LiveStack(link, (text) => assert.fail(text));
  const { promise: told, resolve } = Promise.withResolvers<string>();
  live.listen((event) => {
    if (event.kind === 'services') resolve(event.json);
  });
  live.start();
  await followed;
  const { list } = await live.begin();
  assert.match(list, /as of 1/);
  happen();
  // Past the moment in which the record is heard, and before what changed is told.
  await new Promise((done) => setImmediate(done));
  live.touch();
  assert.equal((await live.shown()).view.seq, 2);
  assert.match(await told, /as of 2/);
  live.close();
});
