/** People in the console: a role is changed, an account removed, and nobody locks himself out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { assertGood, becomeAdmin, confirm, elsewhere, invited, sceneOf } from './page.ts';

function row(page: Page, name: string): Locator {
  return page.locator('li', { has: page.locator(`strong:text-is("${name}")`) });
}

/** By plain HTTP. */
function fromElsewhere(url: string): string {
  return url.replace('127.0.0.1', elsewhere);
}

test('an admin changes the role of another, and nobody his own', async (t) => {
  const set = await sceneOf(t, { api: { command: 'sleep 1000' } });
  const ann = await becomeAdmin(set);
  const bob = await invited(ann, set, fromElsewhere);
  await bob.goto(fromElsewhere(`${set.url}settings`));
  await bob.waitForSelector('h2:has-text("会话")');
  assert.equal(await bob.locator('h2:has-text("人员")').count(), 0);

  await ann.goto(`${set.url}settings`);
  const pending = ann.locator('li', { hasText: 'invited by ann' });
  assert.equal(await pending.count(), 0, 'who has come is expected no more');
  await ann.locator('form:has-text("Invite") select').selectOption('operator');
  await ann.click('button:has-text("Invite")');
  await pending.getByText('as operator').waitFor();
  await set.shot(ann, 'invited');
  await pending.getByRole('button', { name: 'Revoke' }).click();
  await confirm(ann, /Nobody can come in by this invitation/);
  await pending.waitFor({ state: 'detached' });
  await row(ann, 'ann').getByText('another admin changes this account').waitFor();
  assert.equal(await row(ann, 'ann').locator('button').count(), 0);
  await row(ann, 'bob').getByRole('combobox', { name: 'Role of bob' }).selectOption('admin');
  await row(ann, 'bob').getByRole('button', { name: 'Change role' }).click();
  await confirm(ann, /bob is admin instead of viewer/);
  await row(ann, 'bob').getByRole('button', { name: 'Change role' }).waitFor({ state: 'detached' });
  await assertGood(ann, 'people');
  await set.shot(ann, 'people');

  await bob.reload();
  await bob.waitForSelector('h2:has-text("人员")');
  assert.equal(await row(bob, 'bob').locator('button').count(), 0);
  await row(bob, 'ann').getByRole('button', { name: '移除' }).waitFor();
  const tooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
  assert.equal(await bob.evaluate(tooWide), false);
  await assertGood(bob, 'people');
  await set.shot(bob, 'people-chinese-dark');
  assert.equal(await bob.evaluate('isSecureContext'), false);
  await bob.fill('input[name=label]', 'prometheus');
  await bob.getByRole('button', { name: '新令牌' }).click();
  await bob.waitForSelector('code.secret');

  const others = ann.locator('section:has(h2:text-is("Sessions")) li');
  assert.equal(await others.getByRole('button').count(), 0, 'she is here only, and stays in');
  await row(ann, 'bob').getByRole('button', { name: 'Remove' }).click();
  await confirm(ann, /bob can come in no more/);
  await row(ann, 'bob').waitFor({ state: 'detached' });
  await bob.reload();
  await bob.waitForSelector('input[name=password]');
});
