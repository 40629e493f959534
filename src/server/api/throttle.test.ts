import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { AccountsDb } from './accounts-db.ts';
import { type Attempt, delayMs, Throttle } from './throttle.ts';

function fixture(t: TestContext) {
  const directory = mkdtempSync(`${tmpdir()}/daruma-throttle-`);
  const db = new AccountsDb(`${directory}/accounts.db`);
  t.after(() => {
    db.close();
    rmSync(directory, { recursive: true });
  });
  for (const name of ['ann', 'bob']) {
    const sql = "insert into users (name, role, password, created) values (?, 'viewer', '', 0)";
    db.run(sql, name);
  }
  const clock = { now: 1_000_000 };
  return { clock, throttle: new Throttle(db, () => clock.now) };
}

const ann: Attempt = { name: 'ann', user: 1, address: '192.0.2.1', device: null };
const device = '0123456789abcdef0123456789abcdef';

test('the wait doubles after the third failure, up to a minute', () => {
  const waits = [1, 3, 4, 5, 6, 9, 10, 11, 1_000].map(delayMs);
  assert.deepEqual(waits, [0, 0, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
});

describe('guessing', () => {
  test('of one account from many addresses is slowed down', (t) => {
    const { throttle } = fixture(t);
    for (let guess = 1; guess <= 50; guess += 1) {
      throttle.failed({ ...ann, address: `203.0.113.${guess}` });
    }
    assert.equal(throttle.waitMs({ ...ann, address: '203.0.113.99' }), 60_000);
  });

  test('of many accounts from one address is slowed down, by its IPv6 network', (t) => {
    const { throttle } = fixture(t);
    for (let guess = 1; guess <= 50; guess += 1) {
      const name = `nobody${guess}`;
      throttle.failed({ name, user: null, address: `2001:db8::${guess}`, device: null });
    }
    const next = { name: 'ann', user: 1, device: null };
    assert.equal(throttle.waitMs({ ...next, address: '2001:db8::ffff' }), 60_000);
    assert.equal(throttle.waitMs({ ...next, address: '2001:db8:1::1' }), 0);
  });

  test('does not slow down the person at a known place, nor another person', (t) => {
    const { throttle } = fixture(t);
    throttle.succeeded({ ...ann, user: 1, device });
    for (let guess = 1; guess <= 50; guess += 1) {
      throttle.failed({ ...ann, address: '203.0.113.7', device: null });
    }
    assert.equal(throttle.waitMs({ ...ann, address: '198.51.100.1', device }), 0);
    assert.equal(throttle.waitMs(ann), 0);
    assert.equal(throttle.waitMs({ ...ann, address: '198.51.100.1' }), 60_000);
    assert.equal(throttle.waitMs({ ...ann, name: 'bob', user: 2 }), 0);
  });

  test('at a known address does not slow down the known device', (t) => {
    const { throttle } = fixture(t);
    throttle.succeeded({ ...ann, user: 1, device });
    for (let guess = 1; guess <= 50; guess += 1) throttle.failed(ann);
    assert.equal(throttle.waitMs(ann), 60_000);
    assert.equal(throttle.waitMs({ ...ann, device }), 0);
  });

  test('is forgotten in the end, and a success clears a known place', (t) => {
    const { throttle, clock } = fixture(t);
    for (let guess = 1; guess <= 10; guess += 1) throttle.failed(ann);
    clock.now += 60_000;
    assert.equal(throttle.waitMs(ann), 0);
    throttle.succeeded({ ...ann, user: 1, device });
    for (let guess = 1; guess <= 10; guess += 1) throttle.failed(ann);
    throttle.takeBack(ann);
    assert.equal(throttle.waitMs(ann), 0);
  });
});
