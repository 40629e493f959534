import assert from 'node:assert/strict';
import { test } from 'node:test';
import { droppedLines } from './dropped-text.ts';

const how = { restore: 'daruma restore db', paint: (_: string, text: string) => text };
const at = new Date('2026-11-21T10:15:00.123').getTime();
const dropped = { lsn: '0/3000028', at, database: 'app', files: 3, made: 0 };

test('what was dropped, and how to go back', () => {
  const all = [dropped, { ...dropped, files: null, at: null, database: 'number 7', lsn: '1/B0' }];
  assert.deepEqual(droppedLines({ dropped: all, missing: [] }, how), [
    'WHEN                     DATABASE  WHAT                          BACK TO JUST BEFORE IT',
    '2026-11-21 10:15:00.123  app       3 tables and indexes dropped  --to 0/3000028 --before',
    '–                        number 7  the database dropped          --to 1/B0 --before',
    'go back: daruma restore db --to 1/B0 --before',
  ]);
  const emptied = [{ ...dropped, files: 1, made: 1 }];
  const [, row] = droppedLines({ dropped: emptied, missing: [] }, how);
  assert.match(row ?? '', / 1 table or index emptied, written anew, or dropped {2}--to /);
  assert.deepEqual(droppedLines({ dropped: [], missing: ['x'] }, how), [
    'x of the log is missing: what it says is not here',
    'nothing was dropped',
  ]);
});
