import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TarError, type TarMember, TarReader, tarEnd, tarHeader, tarPadding } from './tar.ts';

const member: TarMember = {
  path: 'a/b.txt',
  type: 'file',
  mode: 0o640,
  uid: 1000,
  gid: 100,
  mtimeMs: 1_700_000_000_000,
  bytes: 3,
};

async function* chunked(file: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += bytes) yield file.subarray(at, at + bytes);
}

function archive(members: readonly { member: TarMember; content: Buffer }[]): Buffer {
  const parts = members.flatMap(({ member, content }) => [
    tarHeader(member),
    content,
    tarPadding(content.length),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

async function readAll(file: Buffer, chunkBytes = 700): Promise<[TarMember, string][]> {
  const reader = new TarReader(chunked(file, chunkBytes));
  const found: [TarMember, string][] = [];
  for (let next = await reader.next(); next !== null; next = await reader.next()) {
    found.push([next, (await reader.whole()).toString('latin1')]);
  }
  return found;
}

function one(change: Partial<TarMember>, content = 'abc'): Buffer {
  const bytes = Buffer.from(content);
  return archive([{ member: { ...member, bytes: bytes.length, ...change }, content: bytes }]);
}

describe('tar', () => {
  test('what is written is read', async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });
    const path = text.filter((name) => !/[\0/]/.test(name)).map((name) => `data/${name}`);
    const members = fc.record({
      path,
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: fc.integer({ min: 0, max: 2 ** 31 }),
      seconds: fc.integer({ min: 0, max: 2 ** 32 }),
      content: fc.uint8Array({ maxLength: 2000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(members), fc.integer({ min: 1, max: 3000 }), async (all, bytes) => {
        const written = all.map(({ path, mode, uid, seconds, content }) => {
          const facts = { path, mode, uid, gid: uid, mtimeMs: seconds * 1000 };
          const found: TarMember = { ...facts, type: 'file', bytes: content.length };
          return { member: found, content: Buffer.from(content) };
        });
        const expected = written.map(({ member, content }) => [member, content.toString('latin1')]);
        assert.deepEqual(await readAll(archive(written), bytes), expected);
      }),
      { numRuns: 60 },
    );
  });

  test('directories, links and long names of both', async () => {
    const long = `${'directory/'.repeat(30)}end`;
    const facts = { mode: 0o755, uid: 0, gid: 0, mtimeMs: 0, bytes: 0 };
    const members: TarMember[] = [
      { ...facts, path: long, type: 'directory' },
      { ...facts, path: 'größe', type: 'link', link: `../${long}` },
    ];
    const written = members.map((member) => ({ member, content: Buffer.alloc(0) }));
    const found = await readAll(archive(written));
    assert.deepEqual(found, [
      [members[0], ''],
      [members[1], ''],
    ]);
  });

  test('a size beyond what the old header holds', async () => {
    const header = tarHeader({ ...member, bytes: 8 ** 11 + 5 });
    const reader = new TarReader(chunked(header, 512));
    assert.equal((await reader.next())?.bytes, 8 ** 11 + 5);
  });

  test('what is passed over leaves the next member whole', async () => {
    const content = Buffer.alloc(1500, 'x');
    const first = { member: { ...member, bytes: 1500 }, content };
    const second = { member: { ...member, path: 'second' }, content: Buffer.from('abc') };
    const reader = new TarReader(chunked(archive([first, second]), 100));
    await reader.next();
    assert.equal((await reader.next())?.path, 'second');
    assert.equal((await reader.whole()).toString(), 'abc');
    assert.equal(await reader.next(), null);
  });

  const refused: readonly [string, Buffer][] = [
    ['a header with a wrong checksum', flipped(one({}), 3)],
    ['a hard link', withFlag('1')],
    ['a device', withFlag('3')],
    ['an archive without end', one({}).subarray(0, 1024)],
    ['one that breaks off in a file', one({}, 'x'.repeat(2000)).subarray(0, 1500)],
    ['one that breaks off in a header', one({}).subarray(0, 200)],
    ['something behind its end', Buffer.concat([one({}), Buffer.alloc(1)])],
    ['half an end', Buffer.concat([one({}).subarray(0, 1536), Buffer.alloc(512, 1)])],
  ];
  for (const [what, file] of refused) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(readAll(file), TarError);
    });
  }
});

function flipped(file: Buffer, at: number): Buffer {
  const changed = Buffer.from(file);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

/** As another program could have written it, with a right checksum. */
function withFlag(flag: string): Buffer {
  const file = one({});
  file.write(flag, 156, 'latin1');
  file.fill(' ', 148, 156);
  const sum = file.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  file.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return file;
}
