/** Appends numbered records until it is killed; prints «seq number» of each once it is durable. */
import { writeSync } from 'node:fs';
import { openStore } from '../../src/store/store.ts';

const [file = '', first = '1'] = process.argv.slice(2);
const store = await openStore({ file, maxRecords: 1_000_000 });
let next = Number(first);

async function appendOn(): Promise<never> {
  for (;;) {
    const number = next;
    next += 1;
    const seq = await store.append([{ at: 0, kind: 'slept', ms: number }]);
    writeSync(1, `${seq} ${number}\n`);
    if (number % 50 === 0) await store.saveSnapshot({ seq, state: `"${number}"` });
  }
}

await Promise.all(Array.from({ length: 8 }, appendOn));
