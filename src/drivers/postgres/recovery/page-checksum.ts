/**
 * The checksum that PostgreSQL keeps in each page of a cluster made with checksums: 32 FNV-1a sums
 * side by side, mixed with the number of the block, as in its `storage/checksum_impl.h`.
 */

export const pageBytes = 8192;

const pageWords = pageBytes / 4;
const laneCount = 32;
const prime = 16_777_619;
/** Where each of the sums begins. */
const bases = Int32Array.of(
  ...[0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2],
  ...[0x83e13d2c, 0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c],
  ...[0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979],
  ...[0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e],
  ...[0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756],
);
/** The word whose lower half holds the checksum itself, which counts as zero. */
const ownWord = 2;

/** `words`: whole pages; `start`: the first word of the page. `block`: its number in the fork. */
export function pageChecksum(words: Int32Array, start: number, block: number): number {
  const own = words[start + ownWord] ?? 0;
  words[start + ownWord] = own & 0xffff0000;
  let result = 0;
  // Four at once, as the processor multiplies them side by side then.
  for (let lane = 0; lane < laneCount; lane += 4) result ^= fourLanes(words, start, lane);
  words[start + ownWord] = own;
  return (((result ^ block) >>> 0) % 65_535) + 1;
}

function fourLanes(words: Int32Array, start: number, lane: number): number {
  let a = bases[lane] as number;
  let b = bases[lane + 1] as number;
  let c = bases[lane + 2] as number;
  let d = bases[lane + 3] as number;
  const end = start + pageWords;
  for (let at = start + lane; at < end; at += laneCount) {
    a ^= words[at] as number;
    b ^= words[at + 1] as number;
    c ^= words[at + 2] as number;
    d ^= words[at + 3] as number;
    a = Math.imul(a, prime) ^ (a >>> 17);
    b = Math.imul(b, prime) ^ (b >>> 17);
    c = Math.imul(c, prime) ^ (c >>> 17);
    d = Math.imul(d, prime) ^ (d >>> 17);
  }
  // Two rounds of zeros, so that what came last is mixed too.
  return twice(a) ^ twice(b) ^ twice(c) ^ twice(d);
}

function twice(sum: number): number {
  const once = Math.imul(sum, prime) ^ (sum >>> 17);
  return Math.imul(once, prime) ^ (once >>> 17);
}
