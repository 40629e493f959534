/** The registry of errors over HTTP: pages, search, and what people do to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorRecord } from '../../src/model/error-record.ts';
import { error, loggedIn, rig } from './rig.ts';

const mute = { by: 'eve', at: 1, until: null };

function many(count: number): ErrorRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    ...error,
    id: `e${index}`,
    message: index % 2 === 0 ? 'no price' : 'no stock',
    lastSeen: 1_000 + Math.floor(index / 3),
    muted: index % 5 === 0 ? mute : null,
  }));
}

function ids(items: readonly ErrorRecord[]): string[] {
  return items.map(({ id }) => id);
}

test('pages give each error once, also where many were seen at one moment', async (t) => {
  const made = await rig(t);
  made.stack.kept = many(20);
  const viewer = await loggedIn(made, 'vera', 'viewer');
  const seen: string[] = [];
  for (let cursor = ''; ; ) {
    const { json } = await viewer.send('GET', `/api/v1/errors?state=all&limit=7${cursor}`);
    seen.push(...ids(json.items));
    if (json.next === null) break;
    cursor = `&cursor=${json.next}`;
  }
  assert.deepEqual(seen.toSorted(), ids(many(20)).toSorted());
  assert.equal(seen[0], 'e18');
});

test('a page goes on although the error before it is gone', async (t) => {
  const made = await rig(t);
  made.stack.kept = many(9);
  const viewer = await loggedIn(made, 'vera', 'viewer');
  const { json } = await viewer.send('GET', '/api/v1/errors?state=all&limit=4');
  const after = `cursor=${json.next}`;
  const rest = await viewer.send('GET', `/api/v1/errors?state=all&${after}`);
  const last: string = json.items.at(-1).id;
  made.stack.kept = made.stack.kept.filter(({ id }) => id !== last);
  await loggedIn(made, 'olaf', 'operator').then((operator) =>
    operator.send('POST', `/api/v1/errors/${rest.json.items[0].id}/acknowledge`),
  );
  const again = await viewer.send('GET', `/api/v1/errors?state=all&${after}`);
  assert.deepEqual(ids(again.json.items), ids(rest.json.items));
});

test('search, state, origin and incident choose among them', async (t) => {
  const made = await rig(t);
  const linked = { incident: 'i1', at: 5, log: 3 } as const;
  made.stack.kept = [
    ...many(10),
    { ...error, id: 'other', origin: { ...error.origin, service: 'worker' } },
    { ...error, id: 'linked', lastSeen: 9e9, firstSeen: 8e9, incidents: [linked] },
  ];
  const viewer = await loggedIn(made, 'vera', 'viewer');
  const found = async (query: string) =>
    ids((await viewer.send('GET', `/api/v1/errors?${query}`)).json.items).toSorted();
  assert.deepEqual(await found('search=PRICE%20no'), ['e2', 'e4', 'e6', 'e8']);
  assert.deepEqual(await found('state=muted'), ['e0', 'e5']);
  assert.deepEqual(await found('of=worker'), ['other']);
  assert.equal((await found('incident=i1')).includes('linked'), true);
  const { status } = await viewer.send('GET', '/api/v1/errors?incident=i9');
  assert.equal(status, 404);
});

test('mute takes a time, or consent to for ever; all is done under one’s name', async (t) => {
  const made = await rig(t);
  const olaf = await loggedIn(made, 'olaf', 'operator');
  const path = '/api/v1/errors/e1';
  const refused = await olaf.send('POST', `${path}/mute`, { until: null });
  assert.deepEqual([refused.status, refused.json.code], [409, 'REFUSED']);
  const consented = await olaf.send('POST', `${path}/mute`, { until: null, consent: true });
  assert.equal(consented.status, 200);
  await olaf.send('POST', `${path}/mute`, { until: 5e12 });
  await olaf.send('POST', `${path}/unmute`);
  const key = { 'idempotency-key': 'once' };
  await olaf.send('POST', `${path}/acknowledge`, undefined, key);
  await olaf.send('POST', `${path}/acknowledge`, undefined, key);
  assert.deepEqual(made.stack.marked, [
    { id: 'e1', by: 'olaf', mark: { kind: 'mute', until: null } },
    { id: 'e1', by: 'olaf', mark: { kind: 'mute', until: 5e12 } },
    { id: 'e1', by: 'olaf', mark: { kind: 'unmute' } },
    { id: 'e1', by: 'olaf', mark: { kind: 'acknowledge' } },
  ]);
  assert.equal((await olaf.send('POST', '/api/v1/errors/none/unmute')).status, 404);
});

test('one error comes with its stack and happenings', async (t) => {
  const made = await rig(t);
  const viewer = await loggedIn(made, 'vera', 'viewer');
  const { json } = await viewer.send('GET', '/api/v1/errors/e1');
  assert.equal(typeof json.stack, 'string');
  assert.deepEqual(json.occurrences, []);
  assert.equal((await viewer.send('GET', '/api/v1/errors/none')).status, 404);
});
