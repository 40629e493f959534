/**
 * Appends numbered records until it is killed; prints «seq number» of each once a kill can't lose
 * it. One by one, seven of ten needn't outlive the machine; otherwise eight at a time, all lasting.
 */
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '../../src/store/store.ts';

const [file = '', first = '1', how = 'together'] = process.argv.slice(2);
const store = await openStore({ file, maxRecords: 1_000_000 });
let next = Number(first);

async function appendOn(lasts: (number: number) => 'boot' | 'always'): Promise<never> {
  for (;;) {
    const number = next;
    next += 1;
    const record = { at: 0, kind: 'slept', ms: number } as const;
    const seq = await store.append([record], { lasts: lasts(number) });
    await tell(`${seq} ${number}\n`);
    if (number % 50 === 0) await store.saveSnapshot({ seq, state: `"${number}"` });
  }
}

/** Past the buffers of this process, which a kill would take along; the reader may be behind. */
async function tell(line: string): Promise<void> {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      await pause(1);
    }
  }
}

if (how === 'one by one') await appendOn((number) => (number % 10 < 7 ? 'boot' : 'always'));
else await Promise.all(Array.from({ length: 8 }, () => appendOn(() => 'always')));
