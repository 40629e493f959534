/**
 * The grammar of message heads as one table: state and byte give the next state (RFC 9112, without
 * what it lets recipients tolerate: bare LF, folded lines, white space before a colon).
 *
 *   request   begin ▶ method ▶ target ▶ version ─┐
 *   response  protocol ▶ code ▶ reason ──────────┴▶ fieldStart ▶ name ▶ beforeValue ▶ value ─┐
 *                                                   ▲    └─CR─▶ endLf ─LF─▶ done             │
 *                                                   └──────────── lineLf ◀────────CR─────────┘
 */

/** States that the parser acts on when they are entered. */
export const states = {
  begin: 0,
  method: 1,
  beforeTarget: 2,
  target: 3,
  beforeVersion: 4,
  versionEnd: 5,
  lineLf: 6,
  fieldStart: 7,
  name: 8,
  beforeValue: 9,
  value: 10,
  done: 11,
  answer: 12,
  code: 13,
  codeEnd: 14,
} as const;

/** States from here on mean that the head is refused, as `refusals` tells. */
export const firstRefusal = 64;

interface HeadError {
  readonly status: 400 | 505;
  readonly reason: string;
}

const bad = {
  byte: 64,
  line: 65,
  method: 66,
  target: 67,
  version: 68,
  folded: 69,
  spacedColon: 70,
  name: 71,
} as const;

export const refusals: Readonly<Record<number, HeadError>> = {
  [bad.byte]: { status: 400, reason: 'a character that may not be there' },
  [bad.line]: { status: 400, reason: 'a line that does not end with CR LF' },
  [bad.method]: { status: 400, reason: 'the method is no token' },
  [bad.target]: { status: 400, reason: 'the target is invalid' },
  [bad.version]: { status: 505, reason: 'this is not HTTP/1.0 or HTTP/1.1' },
  [bad.folded]: { status: 400, reason: 'a field that goes on in the next line' },
  [bad.spacedColon]: { status: 400, reason: 'white space before a colon' },
  [bad.name]: { status: 400, reason: 'a field without a name or a colon' },
};

const cr = 13;
const lf = 10;
const bytesOf = (text: string): number[] => [...Buffer.from(text, 'latin1')];
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const digits = bytesOf('0123456789');
const letters = [...range(65, 90), ...range(97, 122)];
const tokenBytes = [...digits, ...letters, ...bytesOf("!#$%&'*+-.^_`|~")];
const blank = bytesOf(' \t');
/** VCHAR and obs-text. */
const visible = [...range(0x21, 0x7e), ...range(0x80, 0xff)];
/** No fragment, nothing that is not ASCII. */
const targetBytes = range(0x21, 0x7e).filter((byte) => byte !== 0x23);

/** For state `s` and byte `b`, `headTable[s * 256 + b]` is the next state. */
export const headTable = new Uint8Array(firstRefusal * 256);
let spare = 20;

function state(from: number, otherwise: number, ways: readonly (readonly [number[], number])[]) {
  headTable.fill(otherwise, from * 256, from * 256 + 256);
  headTable[from * 256 + lf] = bad.line;
  for (const [bytes, to] of ways) for (const byte of bytes) headTable[from * 256 + byte] = to;
  return from;
}

/** The text, byte by byte, and then on to `to`; returns the state before its first byte. */
function word(text: string, otherwise: number, to: number): number {
  let next = to;
  for (const byte of bytesOf(text).reverse()) next = state(spare++, otherwise, [[[byte], next]]);
  return next;
}

const s = states;
const endLf = word('\n', bad.line, s.done);
state(s.lineLf, bad.line, [[[lf], s.fieldStart]]);
state(s.fieldStart, bad.name, [
  [blank, bad.folded],
  [tokenBytes, s.name],
  [[cr], endLf],
]);
state(s.name, bad.name, [
  [blank, bad.spacedColon],
  [tokenBytes, s.name],
  [bytesOf(':'), s.beforeValue],
]);
for (const from of [s.beforeValue, s.value]) {
  state(from, bad.byte, [
    [blank, from],
    [visible, s.value],
    [[cr], s.lineLf],
  ]);
}

const beginLf = word('\n', bad.line, s.begin);
state(s.begin, bad.method, [
  [[cr], beginLf],
  [tokenBytes, s.method],
]);
state(s.method, bad.method, [
  [tokenBytes, s.method],
  [bytesOf(' '), s.beforeTarget],
]);
state(s.beforeTarget, bad.target, [[targetBytes, s.target]]);
state(s.target, bad.target, [
  [targetBytes, s.target],
  [bytesOf(' '), s.beforeVersion],
]);
const minor = state(spare++, bad.version, [[bytesOf('01'), s.versionEnd]]);
const afterH = word('TTP/1.', bad.version, minor);
state(s.beforeVersion, bad.version, [[bytesOf('H'), afterH]]);
state(s.versionEnd, bad.version, [[[cr], s.lineLf]]);

const reason = state(spare++, bad.byte, [[[cr], s.lineLf]]);
state(reason, bad.byte, [
  [[...blank, ...visible], reason],
  [[cr], s.lineLf],
]);
state(s.codeEnd, bad.byte, [
  [bytesOf(' '), reason],
  [[cr], s.lineLf],
]);
const thirdDigit = state(spare++, bad.byte, [[digits, s.codeEnd]]);
const secondDigit = state(spare++, bad.byte, [[digits, thirdDigit]]);
state(s.code, bad.byte, [[bytesOf('12345'), secondDigit]]);
const beforeCode = state(spare++, bad.version, [[bytesOf(' '), s.code]]);
const answerMinor = state(spare++, bad.version, [[bytesOf('01'), beforeCode]]);
const answerStart = word('HTTP/1.', bad.version, answerMinor);
headTable.copyWithin(s.answer * 256, answerStart * 256, answerStart * 256 + 256);
