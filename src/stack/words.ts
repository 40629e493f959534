/**
 * Splits a command line into words as a POSIX shell does (XCU 2.2): blanks separate, single quotes
 * keep everything, double quotes keep all but `\` before `$`, `` ` ``, `"`, `\` and newline, a
 * backslash keeps the next character. Nothing is expanded: no variables, globs, pipes or redirects.
 */
export type Split =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly message: string };

interface Piece {
  readonly text: string;
  /** Index of the first character behind the piece. */
  readonly next: number;
}

export function splitWords(line: string): Split {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; ) {
    const char = line.charAt(at);
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
      at += 1;
      continue;
    }
    const piece = pieceAt(line, at);
    if (piece === null) return { ok: false, message: `the quote ${char} is never closed` };
    // A line continuation between words makes no word.
    if (piece.text !== '' || char !== '\\') word = (word ?? '') + piece.text;
    at = piece.next;
  }
  if (word !== null) words.push(word);
  return { ok: true, words };
}

function pieceAt(line: string, at: number): Piece | null {
  const char = line.charAt(at);
  if (char === '\\') return escaped(line, at);
  if (char === '"') return doubleQuoted(line, at + 1);
  if (char !== "'") return { text: char, next: at + 1 };
  const end = line.indexOf("'", at + 1);
  return end === -1 ? null : { text: line.slice(at + 1, end), next: end + 1 };
}

function escaped(line: string, at: number): Piece {
  const char = line.charAt(at + 1);
  return { text: char === '\n' ? '' : char, next: at + 2 };
}

function doubleQuoted(line: string, start: number): Piece | null {
  let text = '';
  for (let at = start; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === '"') return { text, next: at + 1 };
    const following = line.charAt(at + 1);
    if (char === '\\' && /[$`"\\\n]/.test(following)) {
      text += following === '\n' ? '' : following;
      at += 1;
    } else text += char;
  }
  return null;
}

const operators = new Set(['|', '||', '&', '&&', ';', '<', '>', '>>', '2>', '2>&1', '2>/dev/null']);

/** The first word that only a shell would understand, or undefined. */
export function shellOperator(words: readonly string[]): string | undefined {
  return words.find((word) => operators.has(word));
}
