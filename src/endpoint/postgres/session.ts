/**
 * What a PostgreSQL session is doing, told from the messages that pass:
 * https://www.postgresql.org/docs/18/protocol-flow.html
 *
 *   starting ──ReadyForQuery──▶ idle ──Query, Parse, …──▶ busy ──all answered, «I»──▶ idle
 *       └──encrypted, or not as expected──▶ opaque
 *
 * 1. Idle: each Query, FunctionCall and Sync has had its ReadyForQuery, the last of which said that
 *    no transaction is open, and nothing else was asked since.
 * 2. Starting: nothing was asked that the server could carry out.
 * 3. What isn't understood is opaque from then on; nothing is told of it.
 */
import { Messages } from './messages.ts';

/** `streams`: sends its log, as to a standby; there is no transaction to break. */
export type SessionState = 'starting' | 'idle' | 'busy' | 'streams' | 'cancels' | 'opaque';

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;
/** What a connection begins with that only cancels what another does. */
export const cancelHead = Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e]);
/** As PostgreSQL's own. */
const startupBytesMax = 10_000;
const startupHeadBytes = 8;
/**
 * Asked: data of a COPY, Flush, parts of the authentication, Terminate. Answers: what comes before
 * the end of one; rows and data of a COPY most of all.
 */
const changeNothing = { asked: 'dHpX', answers: 'DdTtCn123sIcSNAHRKvV' };
const code = (letter: string) => letter.charCodeAt(0);
const refusedEncryption = code('N');
const inNoTransaction = code('I');

export class PostgresSession {
  readonly #asked = new Messages(changeNothing.asked, (type) => this.#ask(type));
  readonly #answers = new Messages(changeNothing.answers, (type, first) =>
    this.#answer(type, first),
  );
  #phase: 'startup' | 'encryption' | 'messages' | 'cancel' | 'opaque' = 'startup';
  /** Of the startup packet: its first bytes, then how much of it is still to come. */
  #startup: number[] = [];
  #startupLeft = 0;
  #isReady = false;
  #status = 0;
  /** How many ReadyForQuery are still to come. */
  #awaited = 0;
  #lastAwaited = 0;
  /** Something was asked that only a Sync to come will have answered. */
  #isUnsynced = false;
  /** The server reads a COPY, and passes over each Sync until its end. */
  #copiesIn = false;
  #streams = false;

  get state(): SessionState {
    if (this.#phase === 'cancel') return 'cancels';
    if (this.#phase === 'opaque' || this.#asked.isBroken || this.#answers.isBroken) return 'opaque';
    if (this.#streams) return 'streams';
    if (this.#awaited > 0 || this.#isUnsynced || !this.#asked.isBetween) return 'busy';
    if (!this.#answers.isBetween) return 'busy';
    if (!this.#isReady) return 'starting';
    return this.#status === inNoTransaction ? 'idle' : 'busy';
  }

  /** A piece that goes to the server. */
  fromClient(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#phase === 'startup') at = this.#readStartup(chunk, at);
    if (at >= chunk.length) return;
    if (this.#phase === 'messages') this.#asked.read(chunk, at);
    else if (this.#phase === 'encryption') this.#phase = 'opaque';
  }

  /** A piece that comes from the server. */
  fromServer(chunk: Buffer): void {
    if (this.#phase === 'encryption') {
      const isPlain = chunk.length === 1 && chunk[0] === refusedEncryption;
      this.#phase = isPlain ? 'startup' : 'opaque';
    } else if (this.#phase !== 'opaque') {
      this.#answers.read(chunk, 0);
    }
  }

  /** Returns where it stopped. */
  #readStartup(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#startup.length < startupHeadBytes) {
      this.#startup.push(chunk[at] ?? 0);
      at += 1;
      if (this.#startup.length === startupHeadBytes) this.#beginStartup();
    }
    if (this.#startup.length < startupHeadBytes) return at;
    const end = Math.min(chunk.length, at + this.#startupLeft);
    this.#startupLeft -= end - at;
    if (this.#startupLeft === 0) this.#endStartup();
    return end;
  }

  #beginStartup(): void {
    const length = Buffer.from(this.#startup).readInt32BE(0);
    const isOne = length >= startupHeadBytes && length <= startupBytesMax;
    this.#startupLeft = isOne ? length - startupHeadBytes : 0;
    // A TLS handshake without a request for it, for one.
    if (!isOne) this.#startup.fill(0);
  }

  #endStartup(): void {
    const kind = Buffer.from(this.#startup).readInt32BE(4);
    this.#startup = [];
    if (kind === sslRequest || kind === gssRequest) this.#phase = 'encryption';
    else if (kind === cancelRequest) this.#phase = 'cancel';
    else this.#phase = kind >> 16 === 3 ? 'messages' : 'opaque';
  }

  #ask(type: number): void {
    switch (String.fromCharCode(type)) {
      case 'Q':
      case 'F':
        this.#await(type);
        break;
      case 'S':
        if (this.#copiesIn) break;
        this.#await(type);
        this.#isUnsynced = false;
        break;
      case 'P':
      case 'B':
      case 'E':
      case 'D':
      case 'C':
        this.#isUnsynced = true;
        break;
      case 'c':
      case 'f':
        this.#copiesIn = false;
        break;
      default:
        if (!changeNothing.asked.includes(String.fromCharCode(type))) this.#phase = 'opaque';
    }
  }

  #await(type: number): void {
    this.#awaited += 1;
    this.#lastAwaited = type;
  }

  #answer(type: number, first: number): void {
    switch (String.fromCharCode(type)) {
      case 'Z':
        this.#ready(first);
        break;
      case 'G':
        this.#copyIn();
        break;
      case 'W':
        this.#streams = true;
        break;
      case 'E':
        this.#copiesIn = false;
        break;
      default: // What else an answer consists of changes nothing.
    }
  }

  #ready(status: number): void {
    this.#streams = false;
    this.#copiesIn = false;
    this.#status = status;
    if (!this.#isReady) this.#isReady = true;
    else if (this.#awaited > 0) this.#awaited -= 1;
    else this.#phase = 'opaque';
  }

  /** A Sync that was sent behind the Execute of a COPY is never answered. */
  #copyIn(): void {
    this.#copiesIn = true;
    if (this.#awaited > 1) {
      this.#phase = 'opaque';
    } else if (this.#awaited === 0 || this.#lastAwaited === code('S')) {
      this.#awaited = 0;
      this.#isUnsynced = true;
    }
  }
}
