/**
 * Says the sentences of the record in Chinese. The event log and the API keep the English one,
 * which people and programs can rely on; here whole sentences are matched against templates.
 *
 * 1. A template is matched as a whole, the earlier before the later one. Its holes are of kinds
 *    (`kinds`); a hole of any other name holds a sentence, which is said by the book too.
 * 2. Names, numbers, and what programs said stay as they are, whatever words they are made of.
 * 3. What no template fits stays English: as little of the sentence as can be found.
 * 4. However a sentence is made, the work on it is bounded.
 */

import { inChinese } from './units.ts';

/** From English to Chinese; `{name}` is a hole. */
export type Phrases = Readonly<Record<string, string>>;

interface Hole {
  readonly name: string;
  /** That of `kinds`, or `sentence`. */
  readonly kind: string;
}

interface Template {
  /** What it begins with; may be empty. */
  readonly head: string;
  readonly holes: readonly Hole[];
  /** What follows each hole. */
  readonly tails: readonly string[];
  readonly to: string;
  /** It is a mere way to put sentences together. */
  readonly joins: boolean;
}

interface Filled {
  readonly values: Readonly<Record<string, string>>;
  /** How many of its holes hold something known. */
  readonly known: number;
}

const nothing: Filled = { values: {}, known: 0 };

/** «it» is nobody's name, unless with a number. */
const id = String.raw`(?:host:[\w.-]+|(?!it\b(?!\/))[A-Za-z0-9][\w-]*(?:\/\d+)?)`;

/** What a hole may hold, and how that is said. A number behind the kind tells holes apart. */
const kinds: Readonly<Record<string, readonly [RegExp, (text: string) => string]>> = {
  id: [new RegExp(`^${id}$`), asItIs],
  ids: [new RegExp(`^${id}(?:, ${id})*$`), (text) => text.replaceAll(', ', '、')],
  incident: [/^i\d+$/, asItIs],
  action: [/^a\d+$/, asItIs],
  n: [/^\d+(?:\.\d+)?$/, asItIs],
  time: [/^\d+(?:\.\d+)? (?:ms|s|min|h|d)$/, inChinese],
  size: [/^\d+(?:\.\d+)? (?:B|bytes|[KMGT]iB)$/, (text) => text.replace('bytes', '字节')],
  word: [/^\S+$/, asItIs],
  /** Somebody with a name here, or a program with a token of his. */
  who: [/^\S+(?: \(token [\w-]+\))?$/, asItIs],
  /** What was written by others, or is only meant for programs. */
  text: [/^.*$/s, asItIs],
};

function asItIs(text: string): string {
  return text;
}

/** Of what is read at all; nobody words a longer one. */
const charsMax = 4_000;
const stepsMax = 50_000;
const keptMax = 2_000;

export class PhraseBook {
  readonly #templates: readonly Template[];
  /** Sentences are shown again and again. */
  readonly #said = new Map<string, string>();

  constructor(phrases: Phrases) {
    const templates = Object.entries(phrases).map(([from, to]) => templateOf(from, to));
    this.#templates = templates.toSorted((a, b) => Number(isVague(a)) - Number(isVague(b)));
  }

  /** As it is where nothing is known of it. */
  say(sentence: string): string {
    const known = this.#said.get(sentence);
    if (known !== undefined) return known;
    const said = this.saySurely(sentence) ?? this.#reading(false).say(sentence) ?? sentence;
    if (this.#said.size >= keptMax) this.#said.clear();
    this.#said.set(sentence, said);
    return said;
  }

  /** Null: a part of it is unknown. */
  saySurely(sentence: string): string | null {
    return this.#reading(true).say(sentence);
  }

  #reading(strict: boolean): Reading {
    return new Reading(this.#templates, strict);
  }
}

/** One sentence being read. */
class Reading {
  readonly #templates: readonly Template[];
  readonly #strict: boolean;
  readonly #known = new Map<string, string | null>();
  #steps = 0;

  constructor(templates: readonly Template[], strict: boolean) {
    this.#templates = templates;
    this.#strict = strict;
  }

  say(sentence: string): string | null {
    const known = this.#known.get(sentence);
    if (known !== undefined) return known;
    this.#known.set(sentence, null);
    if (sentence.length > charsMax) return null;
    for (const template of this.#templates) {
      const said = this.#fit(template, sentence);
      if (said === null) continue;
      this.#known.set(sentence, said);
      return said;
    }
    return null;
  }

  #fit(template: Template, sentence: string): string | null {
    const { head, tails } = template;
    if (!sentence.startsWith(head)) return null;
    for (const tail of tails) if (!sentence.includes(tail)) return null;
    const filled = this.#fill(template, 0, sentence, head.length);
    if (filled === null || (template.joins && filled.known === 0)) return null;
    return joined(template.to.split(/\{(\w+)\}/), filled.values);
  }

  /** From the hole on, and from the place in the sentence. */
  #fill(template: Template, index: number, sentence: string, from: number): Filled | null {
    const { holes, tails } = template;
    const hole = holes[index];
    if (hole === undefined) return from === sentence.length ? nothing : null;
    const tail = tails[index] ?? '';
    const ends = [...endsOf(sentence, from, tail, index === holes.length - 1)];
    for (const mayStay of this.#strict ? [false] : [false, true]) {
      for (const end of ends) {
        this.#steps += 1;
        if (this.#steps > stepsMax) return null;
        const text = sentence.slice(from, end);
        const said = this.#saidIn(hole, text);
        const stays = mayStay && hole.kind === 'sentence' && text !== '';
        if ((said === null) !== stays) continue;
        const others = this.#fill(template, index + 1, sentence, end + tail.length);
        if (others === null) continue;
        const known = others.known + (said === null || hole.kind !== 'sentence' ? 0 : 1);
        return { values: { ...others.values, [hole.name]: said ?? text }, known };
      }
    }
    return null;
  }

  /** Null: it does not belong there, or is a sentence that is not known. */
  #saidIn({ kind }: Hole, text: string): string | null {
    const rule = kinds[kind];
    if (rule === undefined) return text === '' ? null : this.say(text);
    return rule[0].test(text) ? rule[1](text) : null;
  }
}

/** Where a hole may end, nearest first: where what follows it begins. */
function* endsOf(sentence: string, from: number, literal: string, last: boolean) {
  if (last) {
    const end = sentence.length - literal.length;
    if (end >= from && sentence.endsWith(literal)) yield end;
    return;
  }
  let end = sentence.indexOf(literal, from);
  while (end !== -1) {
    yield end;
    end = sentence.indexOf(literal, end + 1);
  }
}

function templateOf(from: string, to: string): Template {
  const names = [...from.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const [head = '', ...tails] = from.split(/\{\w+\}/);
  const holes = names.map((name) => ({ name, kind: kindOf(name) }));
  const joins =
    !/\p{L}/u.test(head + tails.join('')) && holes.some(({ kind }) => kind === 'sentence');
  return { head, holes, tails, to, joins };
}

/** What begins with anything fits too much: it is tried last. */
function isVague({ head, holes }: Template): boolean {
  return head === '' && holes[0]?.kind === 'text';
}

function kindOf(name: string): string {
  const kind = name.replace(/\d+$/, '');
  return kind in kinds ? kind : 'sentence';
}

const endsChinese = /\p{Script=Han}$/u;
const beginsChinese = /^\p{Script=Han}/u;

/** `parts`: text and names of holes in turns. Chinese and Latin letters have a space between them,
 * two Chinese ones have none. */
function joined(parts: readonly string[], values: Filled['values']): string {
  return parts.reduce((before, part, index) => {
    const next = index % 2 === 0 ? part : (values[part] ?? '');
    const [left, right] = [before.trimEnd(), next.trimStart()];
    if (endsChinese.test(left) && beginsChinese.test(right)) return left + right;
    const isBefore = endsChinese.test(before) && /^[\w«]/.test(next);
    const isBehind = /[\w»]$/.test(before) && beginsChinese.test(next);
    return isBefore || isBehind ? `${before} ${next}` : before + next;
  });
}
