/** People are told by a real stack: whoever was called is told the end, also by the controller that
 * took the place of a killed one; secrets are in nothing that is kept or shown. */
import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { NotificationTarget, TestedTarget } from '../../src/model/notification.ts';
import { type Receiver, receiver } from '../notify/receiver.ts';
import { mailServer, password } from '../notify/smtp.ts';
import { type Bench, bench, until } from './harness.ts';
import { killController } from './own-processes.ts';

const token = 'T0K3NT0K3NT0K3N';
const key = 'r0ut1ngk3yr0ut1ngk3y';

/** What was under way when a controller was killed comes once more from the next one, the same. */
function letters({ received }: Receiver): string[] {
  return [...new Set(received.map(({ path: place, body }) => `${place} ${body}`))];
}

function states(hook: Receiver): string[] {
  return letters(hook).map((letter) => JSON.parse(letter.slice(letter.indexOf(' '))).state);
}

/** Of the files that last, but for the copy of the stack file as it was read. */
function stateText(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== 'spec.json' && !name.startsWith('run/'))
    .map((name) => path.join(directory, name))
    .filter((file) => lstatSync(file).isFile())
    .map((file) => readFileSync(file, 'latin1'))
    .join('\n');
}

async function told(stand: Bench, name: string): Promise<NotificationTarget | undefined> {
  return (await stand.json<NotificationTarget[]>('notify')).find((one) => one.name === name);
}

test('messages go to whom the stack file names, over the death of a controller', async (t) => {
  const hook = await receiver(t);
  const pager = await receiver(t);
  pager.answer = () => 202;
  const mail = await mailServer(t);
  const stand = await bench(t, '');
  writeFileSync(path.join(stand.directory, '.env'), `PAGER_KEY=${key}\n`);
  const targets = [
    { name: 'hook', webhook: `${hook.url}/${token}` },
    { name: 'other', webhook: `${hook.url}/other/${token}`, services: ['other'] },
    { name: 'pager', pagerduty: { routing_key_env: 'PAGER_KEY', url: pager.url } },
    {
      name: 'ops',
      min_severity: 'critical',
      email: {
        ...{ to: 'ops@example.org', from: 'daruma@example.org', smtp: `localhost:${mail.port}` },
        ...{ ca_file: mail.caFile, user: 'daruma', password_file: mail.passwordFile },
      },
    },
  ];
  const services = { api: { command: 'sleep 1000' }, other: { command: 'sleep 1000' } };
  await stand.rewrite(JSON.stringify({ name: 'shop', services, notify: { targets } }));
  await stand.up();

  const tested = await stand.json<TestedTarget[]>('notify', 'test');
  assert.deepEqual(
    tested.map(({ target, error }) => [target, error]),
    ['hook', 'other', 'pager', 'ops'].map((name) => [name, null]),
  );
  assert.deepEqual([states(hook), mail.mails.length], [['test', 'test'], 1]);
  assert.equal((await stand.daruma('notify', 'test', 'nobody')).code, 9);

  process.kill(await stand.pid('api/1'), 'SIGKILL');
  await until('it is told', async () => states(hook).includes('open'));
  await killController(stand);
  await until('the end is told', async () => states(hook).includes('resolved'));
  assert.deepEqual(states(hook), ['test', 'test', 'open', 'resolved']);
  assert.ok(hook.received.slice(2).every(({ path: place }) => place === `/${token}`));
  await until('PagerDuty is told', async () => pager.received.at(-1)?.body.includes('resolve'));
  assert.ok(pager.received.every(({ body }) => JSON.parse(body).routing_key === key));
  assert.equal(mail.mails.length, 1, 'what is not critical is not mailed');
  await until('it is kept', async () => (await told(stand, 'hook'))?.last?.of === 'i1');

  hook.answer = () => 404;
  const failed = await stand.daruma('notify', 'test', 'hook');
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /^hook: did not arrive: answered 404/);
  const shown = [
    ...[failed.stdout, (await stand.daruma('notify')).stdout, await stand.controllerLog()],
    ...[JSON.stringify(await stand.events()), stateText(stand.stateDir)],
  ].join('\n');
  assert.match(shown, /tested messages to hook/);
  for (const secret of [token, key, password]) assert.ok(!shown.includes(secret), secret);
  await stand.daruma('down');
});
