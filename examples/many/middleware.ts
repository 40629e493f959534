/**
 * Takes orders. An order reserves stock in one database and is written to another; no transaction
 * spans both, so each step may be repeated: asked again with the same id, an order is the same one.
 *
 * The log is written with the order (an «outbox») and sent to the sink afterwards, as often as it
 * takes: an order that was accepted is in the sink sooner or later, whoever was killed in between.
 */
import { Database } from './database.ts';
import { Refusal, type Route, serve, setting } from './web-server.ts';

const orders = new Database(
  'orders-db',
  setting('ORDERS_URL'),
  `create table if not exists orders (
     id uuid primary key,
     item text not null,
     quantity int not null,
     sent boolean not null default false
   );
   create index if not exists orders_unsent on orders (id) where not sent`,
);
const stock = new Database(
  'stock-db',
  setting('STOCK_URL'),
  `create table if not exists stock (item text primary key, quantity int not null);
   create table if not exists reservations (
     id uuid primary key,
     item text not null references stock,
     quantity int not null
   )`,
);
const sinkUrl = setting('SINK_URL');
const sendEachMs = 200;
const sendAtOnce = 500;

interface Order {
  readonly id: string;
  readonly item: string;
  readonly quantity: number;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function toOrder(body: unknown): Order {
  const { id, item, quantity } = (body ?? {}) as Record<string, unknown>;
  if (typeof id !== 'string' || !uuid.test(id)) throw new Refusal(400, 'id must be a UUID');
  return { id, ...toStock({ item, quantity }) };
}

function toStock(body: unknown): Omit<Order, 'id'> {
  const { item, quantity } = (body ?? {}) as Record<string, unknown>;
  if (typeof item !== 'string' || !/^[a-z0-9-]{1,60}$/.test(item)) {
    throw new Refusal(400, 'item must be a name of a–z, 0–9 and -');
  }
  const whole = typeof quantity === 'number' && Number.isInteger(quantity);
  if (!whole || quantity < 1 || quantity > 1_000_000) {
    throw new Refusal(400, 'quantity must be a whole number from 1 to 1000000');
  }
  return { item, quantity };
}

/** In one statement: nobody has to wait for the network while the row of the item is locked. */
async function reserve({ id, item, quantity }: Order): Promise<void> {
  const [reserved] = await stock.ask(
    `with taken as (
       update stock set quantity = quantity - $3
       where item = $2 and quantity >= $3
         and not exists (select from reservations where id = $1)
       returning item
     )
     insert into reservations select $1, item, $3 from taken returning id`,
    [id, item, quantity],
  );
  if (reserved !== undefined) return;
  const [known] = await stock.ask('select id from reservations where id = $1', [id]);
  if (known === undefined) throw new Refusal(409, 'out of stock');
}

async function accept(order: Order): Promise<Order> {
  const { id, item, quantity } = order;
  await reserve(order);
  await orders.ask(
    'insert into orders (id, item, quantity) values ($1, $2, $3) on conflict do nothing',
    [id, item, quantity],
  );
  return order;
}

async function findOrder(id: string): Promise<unknown> {
  const [row] = await orders.ask('select id, item, quantity from orders where id = $1', [id]);
  if (row === undefined) throw new Refusal(404, 'there is no such order');
  return row;
}

async function findStock(item: string): Promise<unknown> {
  const [row] = await stock.ask('select * from stock where item = $1', [item]);
  if (row === undefined) throw new Refusal(404, 'there is no such item');
  return row;
}

async function addStock(body: unknown): Promise<unknown> {
  const { item, quantity } = toStock(body);
  const [row] = await stock.ask(
    `insert into stock values ($1, $2)
     on conflict (item) do update set quantity = excluded.quantity
     returning *`,
    [item, quantity],
  );
  return row;
}

/** What the sink has is marked; what it may have or not is sent again: it keeps each id once. */
async function send(): Promise<void> {
  const rows = await orders.ask<Order>(
    'select id, item, quantity from orders where not sent limit $1',
    [sendAtOnce],
  );
  if (rows.length === 0) return;
  const answer = await fetch(`${sinkUrl}/lines`, {
    method: 'POST',
    body: JSON.stringify(rows),
    signal: AbortSignal.timeout(3_000),
  });
  if (!answer.ok) throw new Error(`the sink answered with ${answer.status}`);
  const ids = rows.map(({ id }) => id);
  await orders.ask('update orders set sent = true where id = any($1)', [ids]);
}

let told = '';
let ended = false;

async function sendForever(): Promise<void> {
  while (!ended) {
    const problem = await send().then(
      () => '',
      (error: Error) => error.message,
    );
    // Once for each change, not for each try.
    if (problem !== told) console.error(problem === '' ? 'the log is sent again' : problem);
    told = problem;
    await new Promise((resolve) => setTimeout(resolve, sendEachMs));
  }
}

const routes: readonly Route[] = [
  { method: 'POST', pattern: /^\/orders$/, answer: ({ body }) => accept(toOrder(body)) },
  {
    method: 'GET',
    pattern: /^\/orders\/([0-9a-f-]{36})$/,
    answer: ({ parameters: [id = ''] }) => findOrder(id),
  },
  { method: 'POST', pattern: /^\/stock$/, answer: ({ body }) => addStock(body) },
  {
    method: 'GET',
    pattern: /^\/stock\/([a-z0-9-]+)$/,
    answer: ({ parameters: [item = ''] }) => findStock(item),
  },
  // Of itself only: while a database is away it still serves the other half.
  { method: 'GET', pattern: /^\/healthz$/, answer: () => ({ status: 'ok', log: told || 'ok' }) },
];

const sending = sendForever();
serve(Number(setting('PORT')), routes, async () => {
  ended = true;
  await sending;
  await Promise.all([orders.close(), stock.close()]);
});
