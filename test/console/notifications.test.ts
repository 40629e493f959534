/** Notifications in the console: who is told, what is held back, and a test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { receiver } from '../notify/receiver.ts';
import { until } from '../scenarios/harness.ts';
import { assertGood, becomeAdmin, confirm, sceneOf } from './page.ts';

test('a person sees who is told, and tests it', async (t) => {
  const team = await receiver(t);
  const broken = await receiver(t);
  broken.answer = () => 404;
  const all = { from: '00:00', to: '23:59', time_zone: 'UTC' };
  const targets = [
    { name: 'team', webhook: `${team.url}/T0K3NT0K3N`, quiet_hours: all },
    { name: 'on-call', webhook: `${broken.url}/T0K3NT0K3N`, services: ['api'] },
  ];
  const services = { api: { command: 'sleep 1000' } };
  const set = await sceneOf(t, services, { notify: { targets } });
  const page = await becomeAdmin(set);
  await page.goto(`${set.url}settings`);
  const row = (name: string) => page.locator('li', { hasText: name });
  await row('team').getByText('quiet hours 00:00 to 23:59 (UTC)').waitFor();
  for (const name of ['team', 'on-call']) {
    await row(name).getByRole('button', { name: 'Test' }).click();
    await confirm(page, `A test message goes to ${name}`);
  }
  await row('team').getByText('test arrived').waitFor();
  await row('on-call').locator('.alert:has-text("answered 404")').waitFor();
  await row('on-call').getByText('only api').waitFor();
  assert.equal(JSON.parse(team.received[0]?.body ?? '').state, 'test');
  assert.doesNotMatch((await page.textContent('body')) ?? '', /T0K3N/);
  await assertGood(page, 'notifications');
  await set.shot(page, 'notifications');
  await until('it is noted', async () =>
    JSON.stringify(await set.made.events()).includes('tested messages to on-call'),
  );
});
