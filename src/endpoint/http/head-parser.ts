/**
 * Reads the head of a message as it comes, in any pieces.
 *
 * 1. What is wrong is refused at the byte that is wrong, whatever follows.
 * 2. How the bytes were cut into pieces makes no difference.
 */
import { firstRefusal, headTable, refusals, states } from './grammar.ts';

const headBytesMax = 16 * 1024;
const targetBytesMax = 8 * 1024;
const fieldsMax = 128;

export interface Refused {
  readonly status: 400 | 413 | 414 | 431 | 501 | 505;
  readonly reason: string;
}

const startOf = { request: states.begin, response: states.answer, fields: states.fieldStart };

/** How many numbers `fields` holds of each: where name and value begin and end. */
export const numbersPerField = 4;

export class HeadParser {
  readonly #kind: keyof typeof startOf;
  #state: number;
  #before = '';
  /** The head, complete with its last line; each character is one byte. */
  text = '';
  /** Positions in `text`: where the method ends, where the target begins and ends. */
  methodStart = 0;
  methodEnd = 0;
  targetEnd = 0;
  /** Where the field lines begin. */
  fieldsStart = 0;
  /** For each field: name begins, name ends, value begins, value ends (at CR). */
  fields: number[] = [];
  refused: Refused | null = null;

  constructor(kind: keyof typeof startOf) {
    this.#kind = kind;
    this.#state = startOf[kind];
  }

  /** Nothing but empty lines has come yet. */
  get isEmpty(): boolean {
    return this.#before === '';
  }

  begin(): void {
    this.#state = startOf[this.#kind];
    this.#before = '';
    this.fieldsStart = 0;
    this.fields = [];
    this.refused = null;
  }

  /**
   * Reads on from `from`. Returns where the head ended in `chunk`; −1: it needs more, or `refused`
   * says what is wrong.
   */
  read(chunk: Buffer, from: number): number {
    // Positions are those in the whole text.
    const shift = this.#before.length - from;
    const end = Math.min(chunk.length, headBytesMax - shift);
    let state = this.#state;
    for (let at = from; at < end; at++) {
      const next = headTable[(state << 8) | (chunk[at] ?? 0)] ?? firstRefusal;
      if (next === state) continue;
      if (next >= firstRefusal) return this.#refuse(refusals[next]);
      this.#enter(state, next, at + shift);
      state = next;
      if (state === states.done) return this.#finish(chunk, from, at + 1);
    }
    this.#state = state;
    this.#before += chunk.toString('latin1', from, end);
    this.#checkSize(end < chunk.length || this.#before.length >= headBytesMax);
    return -1;
  }

  #finish(chunk: Buffer, from: number, end: number): number {
    const piece = chunk.toString('latin1', from, end);
    this.text = this.#before === '' ? piece : this.#before + piece;
    if (this.targetEnd - this.methodEnd > targetBytesMax) this.#refuse(targetTooLong);
    else if (this.fields.length > fieldsMax * numbersPerField) this.#refuse(tooManyFields);
    return this.refused === null ? end : -1;
  }

  #enter(from: number, to: number, at: number): void {
    if (from === states.beforeValue && to === states.lineLf) this.fields.push(at, at);
    else if (to === states.name || to === states.beforeValue || to === states.value)
      this.fields.push(at);
    else if (to === states.lineLf && from === states.value) this.fields.push(at);
    else if (to === states.fieldStart && this.fields.length === 0) this.fieldsStart = at + 1;
    else if (to === states.method) this.methodStart = at;
    else if (to === states.beforeTarget) this.methodEnd = at;
    else if (to === states.beforeVersion) this.targetEnd = at;
  }

  #checkSize(isFull: boolean): void {
    const inTarget = this.#state === states.target;
    if (inTarget && (isFull || this.#before.length - this.methodEnd > targetBytesMax)) {
      this.#refuse(targetTooLong);
    } else if (isFull) {
      this.#refuse(headTooLong);
    }
  }

  #refuse(refused: Refused | undefined): -1 {
    this.refused ??= refused ?? null;
    return -1;
  }
}

const targetTooLong = { status: 414, reason: 'the target is too long' } as const;
const headTooLong = { status: 431, reason: 'the head is too long' } as const;
const tooManyFields = { status: 431, reason: 'too many fields' } as const;
