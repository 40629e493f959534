/**
 * Reads a chunked body as it comes, in any pieces. Only the data goes on, to be framed anew:
 * extensions and trailers end here, so that nobody after us can read them in another way.
 */
import { HeadParser } from './head-parser.ts';

/** Enough for 2⁴⁸ bytes, with leading zeros. */
const sizeDigitsMax = 12;
const extensionBytesMax = 1_024;
const cr = 13;
const lf = 10;
const semicolon = 59;

type State = 'size' | 'extension' | 'sizeLf' | 'data' | 'dataCr' | 'dataLf' | 'trailers' | 'done';

export class ChunkReader {
  readonly #trailers = new HeadParser('fields');
  #state: State = 'size';
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;

  get isDone(): boolean {
    return this.#state === 'done';
  }

  begin(): void {
    this.#state = 'size';
    this.#left = 0;
    this.#digits = 0;
    this.#extensionBytes = 0;
  }

  /** Returns where it stopped: behind the body, or at the end of `chunk`. −1: it is malformed. */
  read(chunk: Buffer, from: number, onData: (data: Buffer) => void): number {
    let at = from;
    while (at < chunk.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(chunk.length, at + this.#left);
        onData(chunk.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = 'dataCr';
      } else if (this.#state === 'trailers') {
        at = this.#readTrailers(chunk, at);
        if (at < 0) return -1;
      } else if (this.#step(chunk[at] ?? 0)) {
        at += 1;
      } else {
        return -1;
      }
    }
    return at;
  }

  #readTrailers(chunk: Buffer, from: number): number {
    const end = this.#trailers.read(chunk, from);
    if (end >= 0) this.#state = 'done';
    else if (this.#trailers.refused !== null) return -1;
    return end >= 0 ? end : chunk.length;
  }

  /** False: this byte may not be there. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'size':
        return this.#stepSize(byte);
      case 'extension':
        this.#extensionBytes += 1;
        if (byte === cr) this.#state = 'sizeLf';
        return this.#extensionBytes <= extensionBytesMax && (byte === cr || mayBeInExtension(byte));
      case 'sizeLf':
        this.#beginChunk();
        return byte === lf;
      case 'dataCr':
        this.#state = 'dataLf';
        return byte === cr;
      default:
        this.#state = 'size';
        this.#digits = 0;
        return byte === lf;
    }
  }

  #stepSize(byte: number): boolean {
    const digit = hexadecimal(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      this.#digits += 1;
      return this.#digits <= sizeDigitsMax;
    }
    if (byte === cr) this.#state = 'sizeLf';
    else if (byte === semicolon) this.#state = 'extension';
    else return false;
    return this.#digits > 0;
  }

  #beginChunk(): void {
    this.#extensionBytes = 0;
    if (this.#left > 0) {
      this.#state = 'data';
      return;
    }
    this.#state = 'trailers';
    this.#trailers.begin();
  }
}

function hexadecimal(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function mayBeInExtension(byte: number): boolean {
  return byte === 9 || (byte >= 0x20 && byte !== 0x7f);
}

/** The chunk that ends a body. */
export const lastChunk = '0\r\n\r\n';

/** `data` as one chunk; a string has a byte in each character. */
export function chunkOf(data: Buffer): string {
  return `${data.length.toString(16)}\r\n${data.toString('latin1')}\r\n`;
}
