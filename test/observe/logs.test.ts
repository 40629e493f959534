import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SymptomSpec } from '../../src/model/stack-spec.ts';
import type { LogReader } from '../../src/observe/log-watch.ts';
import { livePath } from '../../src/supervise/log-files.ts';
import { canPunchHoles, rotateLog } from '../../src/supervise/log-rotation.ts';
import { endOffset, readLogs } from '../../src/supervise/logs.ts';
import { type Observing, observing, until, watched } from './observing.fixture.ts';

const logReader: LogReader = {
  end: endOffset,
  follow: (directory, sinceOffset, signal) =>
    readLogs(directory, { sinceOffset, follow: true, signal }),
};

function pattern(
  name: string,
  changes: Partial<Extract<SymptomSpec, { kind: 'log' }>> = {},
): SymptomSpec {
  return {
    kind: 'log',
    name,
    pattern: '^错误(.+?)$',
    count: 1,
    withinMs: 60_000,
    quietMs: 60_000,
    faults: [],
    ...changes,
  };
}

test('a log pattern shows, through a rotation, and ends after quiet', async () => {
  await using here = observing({ logReader });
  const directory = mkdtempSync(join(tmpdir(), 'daruma-observe-'));
  try {
    const file = livePath(directory, 0);
    appendFileSync(file, '错误 before we came\n');
    const symptoms = [
      pattern('odd', { count: 2, quietMs: 1_500 }),
      pattern('never', { pattern: 'x{9}' }),
    ];
    here.observer.watch(watched({ logDir: directory, symptoms }));
    await until('the follower', () => here.told.length === 0);
    appendFileSync(file, 'all is well\n错误 one\n');
    await until('the first', () => here.errors.length === 1);
    assert.deepEqual(
      here.told.filter((text) => text.startsWith('began')),
      [],
    );
    await rotateLog(directory, {
      maxSizeBytes: 10,
      maxFiles: 5,
      canPunch: () => canPunchHoles(directory),
    });
    appendFileSync(file, '错误 two\n');
    await until('the symptom', () => here.told.includes('began api/1#odd log'));
    await until('its end', () => here.told.includes('ended api/1#odd'));
    assert.deepEqual(
      here.errors.map(({ source, code, message }) => `${source} ${code} ${message}`),
      ['log odd 错误 one', 'log odd 错误 two'],
    );
    const began = here.happenings.find((happening) => happening.kind === 'symptom-began');
    assert.equal(began?.symptom.evidence, 'log matched /^错误(.+?)$/ 2× within 60 s: 错误 two');
  } finally {
    here.observer.unwatch('api/1');
    rmSync(directory, { recursive: true });
  }
});

test('a flood of lines is read to its end while the loop goes on', async () => {
  await using here = observing({ logReader });
  const directory = mkdtempSync(join(tmpdir(), 'daruma-observe-'));
  try {
    const file = livePath(directory, 0);
    appendFileSync(file, '');
    const symptoms = [pattern('odd', { count: 10_000 })];
    here.observer.watch(watched({ logDir: directory, symptoms }));
    let beats = 0;
    const beat = setInterval(() => {
      beats += 1;
    }, 1);
    const block = Array.from(
      { length: 1_000 },
      (_, at) => `${at % 10 === 0 ? '错误 ' : ''}line ${at}\n`,
    );
    for (let count = 0; count < 100; count += 1) appendFileSync(file, block.join(''));
    await until('all', () => here.errors.length === 10_000);
    clearInterval(beat);
    assert.ok(beats > 5, 'the loop went on meanwhile');
    assert.ok(here.told.includes('began api/1#odd log'));
  } finally {
    here.observer.unwatch('api/1');
    rmSync(directory, { recursive: true });
  }
});

test('a log that can not be followed is told', async () => {
  await using here = observing({
    logReader: {
      end: () => 0,
      async *follow() {
        yield { text: '', offset: 0, next: 1 };
        throw new Error('input/output error');
      },
    },
  });
  here.observer.watch(watched({ logDir: '/nowhere', symptoms: [pattern('odd')] }));
  await until('the report', () => here.errors.length === 1);
  assert.equal(here.errors[0]?.code, 'LOG_UNREADABLE');
  assert.match(here.errors[0]?.message ?? '', /input\/output error/);
});

/** A log that successive observers watch, each as the controller after the one before. */
function successive() {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-observe-'));
  const file = livePath(directory, 0);
  const logPlacesFile = join(directory, 'places.json');
  return {
    say: (text: string) => appendFileSync(file, text),
    /** The same run, unless another start is given. */
    watching(how: { readonly adopted: boolean; readonly startedAt?: number }) {
      const here = observing({ logReader, logPlacesFile });
      const run = { startedAt: 1, logOffset: 0, ...how };
      here.observer.watch(watched({ logDir: directory, symptoms: [pattern('odd')], ...run }));
      return here;
    },
    /** Until all that was printed is matched, and that is kept. */
    async kept() {
      const all = JSON.stringify({ 'api/1': [1, statSync(file).size] });
      await until('the place', () => readText(logPlacesFile) === all);
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

function readText(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

const seen = ({ errors }: Observing) => errors.map(({ code, message }) => `${code} ${message}`);

test('a run is matched from its begin, and from there on by who comes after', async () => {
  using log = successive();
  log.say('错误 one\n');
  {
    await using first = log.watching({ adopted: false });
    await until('its first line', () => first.errors.length === 1);
    log.say('错误 two\n');
    await until('its second', () => first.errors.length === 2);
  }
  log.say('错误 three\n');
  await using second = log.watching({ adopted: true });
  await until('what was printed meanwhile', () => second.errors.length > 0);
  log.say('错误 four\n');
  await until('what came then', () => second.errors.length > 1);
  assert.deepEqual(seen(second), ['odd 错误 three', 'odd 错误 four'], 'and nothing twice');
});

test('what is kept holds after a kill', async () => {
  using log = successive();
  log.say('错误 one\n');
  await using killed = log.watching({ adopted: false });
  await until('its line', () => killed.errors.length === 1);
  await log.kept();
  log.say('错误 two\n');
  await using next = log.watching({ adopted: true });
  await until('what it missed', () => next.errors.length > 0);
  assert.deepEqual(seen(next), ['odd 错误 two']);
});

test('of a run that nobody followed before, only what comes from now on', async () => {
  using log = successive();
  {
    await using first = log.watching({ adopted: false });
    log.say('错误 one\n');
    await until('it', () => first.errors.length === 1);
  }
  log.say('错误 two\n');
  await using next = log.watching({ adopted: true, startedAt: 2 });
  log.say('错误 three\n');
  await until('it', () => next.errors.length > 0);
  assert.deepEqual(seen(next), ['odd 错误 three']);
});

test('of very much, the last mebibyte is caught up with, and the rest told', async () => {
  using log = successive();
  log.say('it begins\n');
  {
    await using first = log.watching({ adopted: false });
    await log.kept();
    assert.deepEqual(seen(first), []);
  }
  log.say('错误 early\n');
  log.say(`${'x'.repeat(1_023)}\n`.repeat(1_025));
  log.say('错误 late\n');
  await using next = log.watching({ adopted: true });
  await until('it', () => next.errors.length > 1);
  const [skipped, late] = seen(next);
  assert.match(skipped ?? '', /^LOG_SKIPPED \d+ bytes of its log were gone, or too many,/);
  assert.equal(late, 'odd 错误 late');
});
