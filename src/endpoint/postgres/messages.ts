/**
 * Follows the framing of PostgreSQL's messages in one direction, in whatever pieces they come:
 * https://www.postgresql.org/docs/18/protocol-message-formats.html
 * Bodies are skipped by their length.
 */

/** A type of one byte and a length of four, which counts itself. */
const headerBytes = 5;

export class Messages {
  readonly #onMessage: (type: number, first: number) => void;
  /** By type: 1 for those that nobody wants to be told of. */
  readonly #passedOver = new Uint8Array(256);
  /** How much of the header was read. */
  #headerRead = 0;
  #type = 0;
  /** Of the length, as far as it was read; then what is left of the body. */
  #left = 0;
  #first = -1;
  isBroken = false;

  /**
   * `onMessage` is called at the end of each message, with the first byte of its body; −1: it has
   * none. Not for all of the types in `passedOver`.
   */
  constructor(passedOver: string, onMessage: (type: number, first: number) => void) {
    this.#onMessage = onMessage;
    for (const letter of passedOver) this.#passedOver[letter.charCodeAt(0)] = 1;
  }

  /** All that came are whole messages. */
  get isBetween(): boolean {
    return this.#headerRead === 0;
  }

  read(chunk: Buffer, from: number): void {
    let at = from;
    while (at < chunk.length && !this.isBroken) {
      if (this.#headerRead === 0) at = this.#passOver(chunk, at);
      if (at >= chunk.length) return;
      if (this.#headerRead < headerBytes) at = this.#readHeader(chunk, at);
      else at = this.#skip(chunk, at);
      if (this.#headerRead === headerBytes && this.#left === 0) this.#end();
    }
  }

  /** Most messages are short, all here, and of no interest: this costs little for each. */
  #passOver(chunk: Buffer, from: number): number {
    let at = from;
    while (at + headerBytes <= chunk.length && this.#passedOver[chunk[at] ?? 0] === 1) {
      const length = chunk.readUInt32BE(at + 1);
      if (length < headerBytes - 1 || at + 1 + length > chunk.length) break;
      at += 1 + length;
    }
    return at;
  }

  #readHeader(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#headerRead === 0 && chunk.length - at >= headerBytes) {
      this.#type = chunk[at] ?? 0;
      this.#left = chunk.readUInt32BE(at + 1);
      this.#headerRead = headerBytes;
      at += headerBytes;
    } else {
      const byte = chunk[at] ?? 0;
      if (this.#headerRead === 0) this.#type = byte;
      else this.#left = this.#left * 256 + byte;
      this.#headerRead += 1;
      at += 1;
    }
    if (this.#headerRead < headerBytes) return at;
    this.#left -= headerBytes - 1;
    this.isBroken = this.#left < 0;
    return at;
  }

  #skip(chunk: Buffer, from: number): number {
    if (this.#first < 0) this.#first = chunk[from] ?? -1;
    const end = Math.min(chunk.length, from + this.#left);
    this.#left -= end - from;
    return end;
  }

  #end(): void {
    const first = this.#first;
    this.#headerRead = 0;
    this.#left = 0;
    this.#first = -1;
    this.#onMessage(this.#type, first);
  }
}
