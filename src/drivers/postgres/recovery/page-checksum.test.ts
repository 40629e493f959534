import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PageCheck } from './page-check.ts';
import { pageBytes, pageChecksum } from './page-checksum.ts';

/** As the definition reads, without any haste. */
function slowChecksum(page: Buffer, block: number): number {
  const bases = [
    ...[0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2],
    ...[0x83e13d2c, 0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c],
    ...[0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979],
    ...[0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e],
    ...[0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756],
  ].map((base) => BigInt(base));
  const low = 0xffff_ffffn;
  const mix = (sum: bigint, word: bigint) => {
    const tmp = sum ^ word;
    return ((tmp * 16_777_619n) & low) ^ (tmp >> 17n);
  };
  const copy = Buffer.from(page);
  copy.writeUInt16LE(0, 8);
  const sums = bases.map((base, lane) => {
    let sum = base;
    for (let at = lane * 4; at < pageBytes; at += 128)
      sum = mix(sum, BigInt(copy.readUInt32LE(at)));
    return mix(mix(sum, 0n), 0n);
  });
  const all = sums.reduce((left, right) => left ^ right) ^ BigInt(block);
  return Number(all % 65_535n) + 1;
}

function randomPage(seed: number): Buffer {
  const page = Buffer.alloc(pageBytes);
  let state = seed;
  for (let at = 0; at < pageBytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    page.writeUInt32LE(state, at);
  }
  return page;
}

test('the checksum is the one of the definition, and the page stays as it is', () => {
  for (let seed = 1; seed < 20; seed += 1) {
    const page = randomPage(seed);
    const before = Buffer.from(page);
    const words = new Int32Array(page.buffer, page.byteOffset, pageBytes / 4);
    const block = seed * 70_001;
    assert.equal(pageChecksum(words, 0, block), slowChecksum(page, block));
    assert.ok(page.equals(before));
  }
});

test('pages are sound, corrupt or newer', () => {
  const page = randomPage(7);
  page.writeUInt16LE(slowChecksum(page, 3), 8);
  const bytes = Buffer.concat([Buffer.alloc(pageBytes), page, page, page]);
  bytes.writeUInt8(1, 50);
  bytes.writeUInt8(bytes.readUInt8(3 * pageBytes + 5_000) ^ 1, 3 * pageBytes + 5_000);
  const check = new PageCheck(bytes);
  assert.equal(check.pages, 4);
  assert.equal(new PageCheck(Buffer.alloc(pageBytes)).state(0, 0, null), 'sound');
  // Not empty, but nothing was ever put into it.
  assert.equal(check.state(0, 0, null), 'corrupt');
  assert.equal(check.state(1, 3, null), 'sound');
  // A page of another place.
  assert.equal(check.state(2, 4, null), 'corrupt');
  assert.equal(check.state(3, 3, null), 'corrupt');
  assert.equal(check.state(3, 3, check.position(3)), 'newer');
  assert.equal(check.state(3, 3, check.position(3) + 1n), 'corrupt');
});
