import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LinePattern, PatternMatcher } from './pattern-matcher.ts';

const clock = {
  now: () => performance.now(),
  after: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

interface Watched extends LinePattern {
  readonly matched: string[];
  readonly givenUp: string[];
}

function watched(pattern: RegExp): Watched {
  const matched: string[] = [];
  const givenUp: string[] = [];
  return {
    pattern,
    matched,
    givenUp,
    onMatch: (line) => matched.push(line),
    onGivenUp: (line) => givenUp.push(line),
  };
}

async function pushAll(matcher: PatternMatcher, lines: readonly string[], patterns: LinePattern[]) {
  let offset = 0;
  for (const text of lines) {
    await matcher.push({ text, offset }, patterns);
    offset += text.length + 1;
  }
  await until(() => matcher.idle);
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!holds() && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

test('each line is matched with each of its patterns', async () => {
  const matcher = new PatternMatcher(clock);
  const wrong = watched(/^错误(.+?)$/);
  const three = watched(/3$/);
  await pushAll(matcher, ['错误13', 'ok', '错误', 'line 3', '错误 2'], [wrong, three]);
  assert.deepEqual(wrong.matched, ['错误13', '错误 2']);
  assert.deepEqual(three.matched, ['错误13', 'line 3']);
});

test('a pattern that never ends is given up; the others go on', async () => {
  const matcher = new PatternMatcher(clock);
  const endless = watched(/(a+)+$/);
  const plain = watched(/b$/);
  const trap = `${'a'.repeat(60)}b`;
  await pushAll(matcher, ['b', trap, 'b', trap, 'b'], [endless, plain]);
  assert.deepEqual(endless.givenUp, [trap]);
  assert.deepEqual(plain.matched, ['b', trap, 'b', trap, 'b'], 'none lost, none doubled');
});

test('a flood is counted right, and who brings it has to wait', async () => {
  const matcher = new PatternMatcher(clock);
  const odd = watched(/[13579]$/);
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  const lines = Array.from({ length: 50_000 }, (_, at) => `line ${at}`);
  await pushAll(matcher, lines, [odd]);
  clearInterval(turning);
  assert.equal(odd.matched.length, 25_000);
  assert.ok(turns > 9, 'the loop went on meanwhile');
});

test('lines are cut to 8192 characters; a forgotten pattern is not told', async () => {
  const matcher = new PatternMatcher(clock);
  const tail = watched(/needle/);
  const forgotten = watched(/x/);
  const alone = [forgotten];
  matcher.push({ text: 'x', offset: 7 }, alone);
  assert.equal(matcher.firstWaiting(alone), 7);
  matcher.forget(alone);
  assert.equal(matcher.firstWaiting(alone), undefined);
  await pushAll(matcher, [`${'x'.repeat(8_192)}needle`, 'needle'], [tail]);
  assert.deepEqual(tail.matched, ['needle']);
  assert.deepEqual(forgotten.matched, []);
});
