/**
 * The API of the accounts example leaks. Its symptom is seen before the limit kills it,
 * and it is replaced without a failed request.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, patient } from './accounts.ts';
import { bench, until } from './harness.ts';

const smaller = {
  "size('512MiB')\", for: 5s": "size('320MiB')\", for: 1s",
  'memory: 1GiB': 'memory: 800MiB',
  ...patient,
  // Nothing is the matter with the database: on a busy machine it is late.
  'answerMs = 5_000': 'answerMs = 60_000',
  'connectionTimeoutMillis: 2_000': 'connectionTimeoutMillis: 60_000',
};

/** Passwords are hashed: with more, a busy machine would turn some away. */
const ratePerSecond = 10;

test('a leak is ended by its symptom, and no request fails', async (t) => {
  const { made, load } = await accounts(t, smaller);
  await made.up();
  const running = await load(ratePerSecond);
  const rate = String(30 * 2 ** 20);
  const drill = ['leak', 'api/1', '--rate', rate, '--timeout', '200'];
  const { code, stdout, stderr } = await made.daruma('drill', ...drill);
  assert.equal(code, 0, `${stdout}${stderr}`);
  const { failures, wrong, lost } = await running.stop();
  assert.deepEqual({ failures, wrong, lost }, { failures: {}, wrong: [], lost: [] });
  // On a busy machine a check may fail for a moment; for that nothing is done.
  const acted = (await made.incidents()).filter(({ actions }) => actions.length > 0);
  const [incident, ...others] = acted;
  assert.deepEqual(others, []);
  assert.equal(incident?.state, 'resolved');
  assert.deepEqual(
    incident?.actions.map(({ kind, target, outcome }) => [kind, target, outcome]),
    [['restart', 'api/1', 'verified']],
  );
  assert.match(incident?.actions[0]?.reason ?? '', /^restart api\/1: it leaks \(memory\.rss > /);
  const exits = (await made.events()).filter(({ record }) => record.kind === 'instance-exited');
  for (const { record } of exits) assert.ok(record.kind === 'instance-exited' && record.expected);
});

test('what is beyond its memory limit is ended, whoever holds it to that', async (t) => {
  // It takes 120 MB once, and goes on if nobody minds.
  const greedy = 'const taken = Buffer.alloc(120e6, 1); setInterval(() => taken[0], 1000)';
  const stack = `
name: limited
services:
  greedy:
    command: ["\${DARUMA_NODE}", -e, "${greedy}"]
    limits: { memory: 96MiB }
    recovery: { max_actions: 1 per 10m }
`;
  const made = await bench(t, stack);
  const { code, stderr } = await made.daruma('up', '--detach');
  await until('it was restarted for it', async () => {
    const [incident] = await made.incidents();
    const kinds = incident?.symptoms.map(({ kind }) => kind) ?? [];
    return kinds.includes('oom') || kinds.includes('memory');
  });
  assert.ok(code === 0 || code === 1, stderr);
  await until('it was restarted', async () => (await made.incidents())[0]?.actions[0]?.done);
});
