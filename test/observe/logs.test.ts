import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SymptomSpec } from '../../src/model/stack-spec.ts';
import type { FollowLog } from '../../src/observe/log-watch.ts';
import { livePath } from '../../src/supervise/log-files.ts';
import { canPunchHoles, rotateLog } from '../../src/supervise/log-rotation.ts';
import { endOffset, readLogs } from '../../src/supervise/logs.ts';
import { observing, until, watched } from './observing.fixture.ts';

const followLog: FollowLog = (directory, signal) =>
  readLogs(directory, { sinceOffset: endOffset(directory), follow: true, signal });

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
  await using here = observing({ followLog });
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
  await using here = observing({ followLog });
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
    async *followLog() {
      yield { text: '', offset: 0, next: 1 };
      throw new Error('input/output error');
    },
  });
  here.observer.watch(watched({ logDir: '/nowhere', symptoms: [pattern('odd')] }));
  await until('the report', () => here.errors.length === 1);
  assert.equal(here.errors[0]?.code, 'LOG_UNREADABLE');
  assert.match(here.errors[0]?.message ?? '', /input\/output error/);
});
