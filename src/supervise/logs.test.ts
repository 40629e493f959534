import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { archivePath, listLogFiles, livePath } from './log-files.ts';
import { beginRun, openLog, rotateLog } from './log-rotation.ts';
import type { LogLine, ReadLogsOptions } from './logs.ts';
import { endOffset, lastLines, lineBytesMax, readLogs } from './logs.ts';

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-logs-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function all(directory: string, options?: ReadLogsOptions): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of readLogs(directory, options)) lines.push(line);
  return lines;
}

async function linesOf(directory: string, options?: ReadLogsOptions): Promise<readonly string[]> {
  return (await all(directory, options)).map(({ text }) => text);
}

const rotation = { maxSizeBytes: 100, maxFiles: 100, canPunch: async () => true };

function numbered(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
}

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

test('no log has no lines', async (t) => {
  const directory = directoryOf(t);
  assert.deepEqual(await linesOf(join(directory, 'none')), []);
  assert.deepEqual(lastLines(directory, 5), []);
  assert.equal(endOffset(directory), 0);
});

test('lines are read through archives and live file, whole or the last ones', async (t) => {
  const directory = directoryOf(t);
  writeFileSync(livePath(directory, 0), textOf(numbered(0, 100)));
  await rotateLog(directory, rotation);
  appendFileSync(livePath(directory, 0), textOf(numbered(100, 200)));
  await rotateLog(directory, rotation);
  assert.deepEqual(await linesOf(directory), numbered(0, 200));
  for (const tail of [0, 1, 7, 150, 200, 500]) {
    assert.deepEqual(await linesOf(directory, { tail }), numbered(Math.max(0, 200 - tail), 200));
  }
  assert.deepEqual(lastLines(directory, 3), numbered(197, 200));
});

test('an offset resumes where a reader stopped', async (t) => {
  const directory = directoryOf(t);
  writeFileSync(livePath(directory, 0), textOf(numbered(0, 50)));
  const lines = await all(directory);
  await rotateLog(directory, rotation);
  const sinceOffset = lines[29]?.next ?? 0;
  assert.deepEqual(await linesOf(directory, { sinceOffset }), numbered(30, 50));
  assert.deepEqual(lastLines(directory, 100, lines[47]?.offset), numbered(47, 50));
});

test('an unfinished last line is given at the end, and long ones in pieces', async (t) => {
  const directory = directoryOf(t);
  writeFileSync(livePath(directory, 0), `${'长'.repeat(10)}\nrest`);
  assert.deepEqual(await linesOf(directory), ['长'.repeat(10), 'rest']);
  assert.deepEqual(await linesOf(directory, { tail: 1 }), ['rest']);
  appendFileSync(livePath(directory, 0), 'x'.repeat(lineBytesMax * 2));
  const lengths = (await linesOf(directory)).slice(1).map(({ length }) => length);
  assert.deepEqual(lengths, [lineBytesMax, lineBytesMax, 4]);
});

test('the space of what is archived is given back, and old archives go', async (t) => {
  const directory = directoryOf(t);
  const size = 1_000_000;
  const options = { ...rotation, maxSizeBytes: size, maxFiles: 3 };
  writeFileSync(livePath(directory, 0), textOf(numbered(0, 500_000)));
  await rotateLog(directory, options);
  assert.ok(statSync(livePath(directory, 0)).blocks * 512 < size + 100_000);
  const kept = await linesOf(directory);
  assert.ok(kept.length < 300_000);
  assert.deepEqual(kept, numbered(500_000 - kept.length, 500_000));
});

test('of a flood, what could not be kept anyway is not copied; readers pass over it', async (t) => {
  const directory = directoryOf(t);
  const size = 100_000;
  const options = { ...rotation, maxSizeBytes: size, maxFiles: 3 };
  writeFileSync(livePath(directory, 0), textOf(numbered(0, 10_000)));
  await rotateLog(directory, options);
  const [first] = await all(directory);
  appendFileSync(livePath(directory, 0), textOf(numbered(10_000, 200_000)));
  const read = readLogs(directory, { sinceOffset: first?.offset ?? 0 });
  const before = (await read.next()).value?.text;
  await rotateLog(directory, options);
  const kept = await linesOf(directory);
  assert.ok(kept.length < 50_000);
  assert.deepEqual(kept, numbered(200_000 - kept.length, 200_000));
  assert.ok(statSync(livePath(directory, 0)).blocks * 512 < size + 100_000);
  const rest: (string | undefined)[] = [before];
  for await (const line of read) rest.push(line.text);
  const numbers = rest.map((text) => Number(text?.replace(/\D/g, '')));
  assert.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)));
  assert.equal(rest.at(-1), kept.at(-1));
});

test('an archive whose hole was not punched is not given twice', async (t) => {
  const directory = directoryOf(t);
  const text = textOf(numbered(0, 30));
  const cut = text.indexOf('line 20');
  writeFileSync(livePath(directory, 0), text);
  writeFileSync(archivePath(directory, 0, cut), text.slice(0, cut));
  writeFileSync(`${archivePath(directory, cut, cut + 10)}.tmp`, 'half');
  assert.deepEqual(await linesOf(directory), numbered(0, 30));
  appendFileSync(livePath(directory, 0), textOf(numbered(30, 60)));
  await rotateLog(directory, rotation);
  assert.deepEqual(await linesOf(directory), numbered(0, 60));
});

test('without holes a file is put away between runs, and offsets go on', async (t) => {
  const directory = directoryOf(t);
  const options = { ...rotation, canPunch: async () => false };
  for (let run = 0; run < 3; run += 1) {
    const { path } = await openLog(directory, options);
    const begin = beginRun(listLogFiles(directory).live.at(-1));
    appendFileSync(path, textOf(numbered(run * 20, run * 20 + 20)));
    await rotateLog(directory, options);
    assert.deepEqual(lastLines(directory, 50, begin), numbered(run * 20, run * 20 + 20));
  }
  assert.deepEqual(await linesOf(directory), numbered(0, 60));
});

test('a new run does not go on in the middle of a line', async (t) => {
  const directory = directoryOf(t);
  await openLog(directory, rotation);
  appendFileSync(livePath(directory, 0), 'cut off');
  assert.equal(beginRun(listLogFiles(directory).live.at(-1)), 8);
  appendFileSync(livePath(directory, 0), 'next\n');
  assert.deepEqual(await linesOf(directory), ['cut off', 'next']);
});

test('what a program writes after it cut its own log is still read', async (t) => {
  const directory = directoryOf(t);
  writeFileSync(livePath(directory, 0), textOf(numbered(0, 50)));
  await rotateLog(directory, rotation);
  const before = await linesOf(directory, { tail: 0 });
  assert.deepEqual(before, []);
  truncateSync(livePath(directory, 0), 0);
  await rotateLog(directory, rotation);
  appendFileSync(livePath(directory, 0), 'after\n');
  assert.deepEqual(await linesOf(directory, { tail: 1 }), ['after']);
});

test('a follower gets what comes, until it is told to stop', async (t) => {
  const directory = directoryOf(t);
  const stop = new AbortController();
  const seen: string[] = [];
  const options = { follow: true, signal: stop.signal };
  setImmediate(() => writeFileSync(livePath(directory, 0), textOf(numbered(0, 1))));
  for await (const { text } of readLogs(directory, options)) {
    seen.push(text);
    if (seen.length === 40) stop.abort();
    // Half a line is none yet.
    if (seen.length === 1) appendFileSync(livePath(directory, 0), `${textOf(numbered(1, 40))}half`);
    if (seen.length === 20) await rotateLog(directory, rotation);
  }
  assert.deepEqual(seen, numbered(0, 40));
});
