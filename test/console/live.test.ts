/** What happens while a page reads the stack. */
import { test } from 'node:test';
import { becomeAdmin, generousMs, logIn, sceneOf } from './page.ts';

const web = { command: ['sleep', '1000'] };

test('what is told while the stack is read is shown, though what is read is older', async (t) => {
  const set = await sceneOf(t, { web });
  const ready = await becomeAdmin(set);
  const page = await set.open();
  page.setDefaultTimeout(generousMs);
  await logIn(page, set.url);
  const read = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  await page.route('**/api/v1/stack', async (route) => {
    const response = await route.fetch();
    read.resolve();
    await told.promise;
    await route.fulfill({ response });
  });
  await ready.goto(`${set.url}service/web`);
  const reading = page.goto(`${set.url}service/web`);
  await read.promise;
  await set.made.daruma('maintenance', 'web', '--until-healthy');
  await ready.waitForSelector('.maintained');
  told.resolve();
  await reading;
  await page.waitForSelector('.maintained');
});
