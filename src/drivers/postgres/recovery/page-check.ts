/**
 * Tells corrupt pages from sound ones, in pieces of relation files.
 *
 * 1. A page that was changed since the copy began may be read half old and half new: replay writes
 *    it anew from the log. It is known by its position in the log, unless that lies beyond the
 *    log's end, which only garbage does: such a page is doubtful until the copy has ended.
 * 2. A page is never corrupt at the first look: what is read once more decides.
 */
import { pageBytes, pageChecksum } from './page-checksum.ts';

/** Blocks in one file of a relation; another size must be compiled in. */
const blocksPerFile = 131_072;

const relationFile = /^(\d+)(?:_(?:fsm|vm|init))?(?:\.(\d+))?$/;

/** Of the first block in the file; null: it is no file of a relation's pages. */
export function firstBlock(path: string): number | null {
  if (!/^(base\/\d+|global|pg_tblspc\/.+)\/[^/]+$/.test(path)) return null;
  const [matched, , segment = '0'] = relationFile.exec(path.slice(path.lastIndexOf('/') + 1)) ?? [];
  return matched === undefined ? null : Number(segment) * blocksPerFile;
}

export type PageState = 'sound' | 'corrupt' | 'newer';

/** `bytes`: aligned to four, whole pages. `since`: pages behind this position of the log are
 * `newer` when their checksum is wrong. */
export class PageCheck {
  readonly #words: Int32Array;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get pages(): number {
    return Math.floor(this.#view.byteLength / pageBytes);
  }

  state(page: number, block: number, since: bigint | null): PageState {
    const at = page * pageBytes;
    if (this.#isNew(at)) return this.#isZero(at) ? 'sound' : 'corrupt';
    const kept = this.#view.getUint16(at + 8, true);
    if (pageChecksum(this.#words, at / 4, block) === kept) return 'sound';
    return since !== null && this.position(page) >= since ? 'newer' : 'corrupt';
  }

  /** Of the last change, in the log. */
  position(page: number): bigint {
    const at = page * pageBytes;
    const high = BigInt(this.#view.getUint32(at, true));
    return (high << 32n) | BigInt(this.#view.getUint32(at + 4, true));
  }

  /** The place behind the page's free space is zero until something was put into it. */
  #isNew(at: number): boolean {
    return this.#view.getUint16(at + 14, true) === 0;
  }

  #isZero(at: number): boolean {
    for (let word = at / 4; word < (at + pageBytes) / 4; word += 1) {
      if (this.#words[word] !== 0) return false;
    }
    return true;
  }
}
