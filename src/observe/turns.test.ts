import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../ports/clock.ts';
import { slackOf, Turns } from './turns.ts';

/** A clock that stands still until it is told to go on; counts how often it woke somebody. */
class HandClock implements Clock {
  wakes = 0;
  #now = 1_000_007;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((known) => known !== timer);
    };
  }

  goOn(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = due.at;
      this.wakes += 1;
      due.callback();
    }
    this.#now = end;
  }
}

test('turns come together, up to their slack late, never early, at their exact interval', () => {
  const clock = new HandClock();
  const turns = new Turns(clock);
  const taken: { readonly who: number; readonly at: number }[] = [];
  const begun = clock.now();
  const again = (who: number, dueAt: number): void => {
    turns.at(dueAt, 100, () => {
      taken.push({ who, at: clock.now() });
      again(who, dueAt + 1_000);
    });
  };
  for (let who = 0; who < 40; who += 1) again(who, begun + who * 25);
  clock.goOn(10_000);
  for (let who = 0; who < 40; who += 1) {
    const own = taken.filter((turn) => turn.who === who).map(({ at }) => at);
    const lateMs = (own[0] ?? Number.NaN) - begun - who * 25;
    assert.ok(lateMs >= 0 && lateMs <= 100, `${lateMs} ms late`);
    assert.equal(own.length, 10);
    assert.deepEqual(
      own.map((at) => at - (own[0] ?? 0)),
      own.map((_, turn) => turn * 1_000),
    );
  }
  assert.equal(clock.wakes, 100);
});

test('narrow slots fall together with wide ones', () => {
  const clock = new HandClock();
  const turns = new Turns(clock);
  const taken: string[] = [];
  turns.at(1_000_090, 100, () => taken.push('wide'));
  turns.at(1_000_090, 30, () => taken.push('narrow'));
  turns.at(1_000_045, 1, () => taken.push('narrowest'));
  clock.goOn(43);
  assert.deepEqual(taken, ['narrowest']);
  clock.goOn(50);
  assert.deepEqual(taken, ['narrowest', 'wide', 'narrow']);
  assert.equal(clock.wakes, 2);
});

test('a crowd lets others in between; what is cancelled has no turn', () => {
  const clock = new HandClock();
  const turns = new Turns(clock);
  let taken = 0;
  const cancels = Array.from({ length: 130 }, () => turns.at(1_000_010, 25, () => taken++));
  for (const cancel of cancels.slice(0, 10)) cancel();
  clock.after(18, () => cancels.at(-1)?.());
  clock.goOn(18);
  assert.deepEqual([taken, clock.wakes], [119, 4]);
  turns.at(1_000_050, 25, () => taken++)();
  clock.goOn(100);
  assert.deepEqual([taken, clock.wakes], [119, 4]);
});

test('the slack of an interval is at most a fifth of it, and keeps it exact', () => {
  const slacks = [10_000, 1_500, 1_000, 750, 500, 250, 100, 333].map(slackOf);
  assert.deepEqual(slacks, [200, 100, 200, 50, 100, 50, 25, 25]);
});
