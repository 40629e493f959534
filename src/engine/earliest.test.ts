import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clearTimer, earliest, setTimer } from './earliest.ts';

const anyMove = fc.record({
  timer: fc.constantFrom('a', 'b', 'c', 'd'),
  due: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
  look: fc.boolean(),
});

test('the earliest is what one finds by going through all, whatever was asked before', () => {
  fc.assert(
    fc.property(fc.array(anyMove), (moves) => {
      const timers: Record<string, number> = {};
      for (const { timer, due, look } of moves) {
        if (due === null) clearTimer(timers, timer);
        else setTimer(timers, timer, due);
        if (look) assert.deepEqual(earliest(timers), earliest({ ...timers }));
      }
      const least = Math.min(...Object.values(timers));
      assert.equal(earliest(timers)?.due ?? Infinity, least);
    }),
  );
});
