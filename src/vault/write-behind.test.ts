import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WriteBehind } from './write-behind.ts';

const directory = mkdtempSync(join(tmpdir(), 'daruma-behind-'));
after(() => rmSync(directory, { recursive: true }));

test('files are whole once it has ended, also larger ones than its room', async () => {
  const behind = new WriteBehind();
  const contents = [1, 100_000, 20 << 20].map((bytes) => randomBytes(bytes));
  for (const [index, content] of contents.entries()) {
    const pieces = Array.from({ length: Math.ceil(content.length / 1e6) }, (_, at) =>
      content.subarray(at * 1e6, (at + 1) * 1e6),
    );
    await behind.file(openSync(join(directory, `${index}`), 'wx'), pieces);
  }
  await behind.end();
  for (const [index, content] of contents.entries()) {
    assert.ok(readFileSync(join(directory, `${index}`)).equals(content));
  }
});

test('a disk that is full is told, at the latest at the end', async () => {
  const behind = new WriteBehind();
  await behind.file(openSync('/dev/full', 'w'), [Buffer.from('x')]).catch(() => undefined);
  await assert.rejects(behind.end(), { code: 'ENOSPC' });
});
