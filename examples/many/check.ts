/**
 * Orders at a fixed rate, and checks what became of them: every accepted order is in the orders
 * database, the stock is less by exactly that much, and the sink has heard of each.
 * Reads of both databases go on beside it, so that one sees which half was away.
 *
 *     node check.ts --rate 20 --duration 30s [--url http://127.0.0.1:8090]
 *                   [--sink http://127.0.0.1:9514] [--json]
 *
 * Ends with 1 when anything accepted was lost.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8090' },
    sink: { type: 'string', default: 'http://127.0.0.1:9514' },
    rate: { type: 'string', default: '20' },
    duration: { type: 'string', default: '30s' },
    json: { type: 'boolean', default: false },
  },
});
const ratePerSecond = Number(values.rate);
const durationSeconds = Number(values.duration.replace(/s$/, ''));
if (!(ratePerSecond > 0) || !(durationSeconds > 0)) {
  console.error('--rate needs a number above 0, --duration a time such as 30s');
  process.exit(2);
}

const item = `item-${randomUUID().slice(0, 8)}`;
const atFirst = 1_000_000;
const patienceMs = 60_000;
const accepted = new Set<string>();
const open = new Set<string>();
const failures = { orders: 0, 'reads of orders': 0, 'reads of stock': 0 };

async function ask(url: string, body?: object): Promise<unknown> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(5_000),
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const content = await answer.json();
  if (answer.ok) return content;
  throw new Error(`${answer.status}: ${JSON.stringify(content)}`);
}

async function order(id: string): Promise<void> {
  open.add(id);
  await ask(`${values.url}/orders`, { id, item, quantity: 1 });
  open.delete(id);
  accepted.add(id);
}

/** Until it succeeds: these don't count as failures. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(200);
    }
  }
}

async function counting(kind: keyof typeof failures, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // Which it was doesn't matter here; how many, and of which half, does.
    failures[kind] += 1;
  }
}

async function run(first: string): Promise<void> {
  const began = performance.now();
  const pending: Promise<void>[] = [];
  for (let count = 0; count < ratePerSecond * durationSeconds; count += 1) {
    await delay(Math.max(0, began + (count / ratePerSecond) * 1000 - performance.now()));
    pending.push(counting('orders', () => order(randomUUID())));
    pending.push(counting('reads of orders', () => ask(`${values.url}/orders/${first}`)));
    pending.push(counting('reads of stock', () => ask(`${values.url}/stock/${item}`)));
  }
  await Promise.all(pending);
}

async function missing(): Promise<string[]> {
  const lost: string[] = [];
  for (const id of accepted) {
    const found = await patiently(() =>
      ask(`${values.url}/orders/${id}`).catch((error: Error) => {
        if (error.message.startsWith('404')) return null;
        throw error;
      }),
    );
    if (found === null) lost.push(`order ${id}`);
    await patiently(async () => {
      const { known } = (await ask(`${values.sink}/lines/${id}`)) as { known: boolean };
      if (!known) throw new Error(`the sink does not know order ${id}`);
    }).catch((error: Error) => lost.push(error.message));
  }
  const { quantity } = (await patiently(() => ask(`${values.url}/stock/${item}`))) as {
    quantity: number;
  };
  if (atFirst - quantity === accepted.size) return lost;
  return [...lost, `${atFirst - quantity} pieces are gone for ${accepted.size} orders`];
}

await patiently(() => ask(`${values.url}/stock`, { item, quantity: atFirst }));
const first = randomUUID();
await patiently(() => order(first));
await run(first);
// Whether they were accepted is not known: asked again, they are.
for (const id of open) await patiently(() => order(id));
const lost = await missing();
const report = { accepted: accepted.size, failures, lost };
if (values.json) console.log(JSON.stringify(report));
else {
  console.log(`accepted   ${accepted.size} orders`);
  for (const [kind, count] of Object.entries(failures)) console.log(`failed     ${count} ${kind}`);
  console.log(`lost       ${lost.length === 0 ? 'nothing' : lost.join('\n           ')}`);
}
process.exit(lost.length === 0 ? 0 : 1);
