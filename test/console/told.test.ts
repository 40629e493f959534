/** The sentences of the record in Chinese: whatever the engine says is known to the phrase book. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { step } from '../../src/engine/index.ts';
import { view } from '../../src/engine/view.ts';
import { errorTable } from '../../src/model/errors.ts';
import { recordText } from '../../src/model/record-text.ts';
import { makeCase } from '../../src/sim/make-case.ts';
import { runCase } from '../../src/sim/run.ts';
import { PhraseBook } from '../../web/src/words/phrase-book.ts';
import { codeHints } from '../../web/src/words/phrases/code-hints.ts';
import { chineseBook, tables } from '../../web/src/words/told.ts';
import { wordingIn } from './wording.ts';

const phrases = Object.assign({}, ...tables) as Readonly<Record<string, string>>;

/** What only the world of the simulator says. */
const simulated = new PhraseBook({
  'status {n}': '状态 {n}',
  'port taken': '端口被占用',
  'disk full': '磁盘已满',
  'it ended': '已结束',
  'no such program': '没有这个程序',
  'log matched /panic/': '日志匹配 /panic/',
  'I/O error on {word}': '{word} 读写错误',
  'there is no primary to copy from': '没有可复制的主实例',
  'there is no primary to be admitted by': '没有主实例',
  'a process could not be ended': '进程未能结束',
  ...phrases,
});

test('each sentence is there once, and has the same holes in both languages', () => {
  const all = tables.flatMap((table) => Object.keys(table));
  assert.deepEqual(
    all.filter((from, index) => all.indexOf(from) !== index),
    [],
  );
  const holesIn = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const [from, to] of Object.entries(phrases)) {
    assert.deepEqual(holesIn(to), holesIn(from), from);
    assert.doesNotMatch(from, /\}\{/, 'between two holes something has to stand');
  }
});

test('each code of an error has a hint', () => {
  assert.deepEqual(Object.keys(codeHints).sort(), Object.keys(errorTable).sort());
});

/** Said before there is a console, or to programs. */
const elsewhere = /state-dir\.ts|api-process\.ts|accounts-db\.ts|report-server\.ts/;

test('what the sources say is in the book', () => {
  const english = Object.keys(phrases).map((from) => from.replace(/\{\w+\}/g, '\0'));
  const rooms = 'controller,supervise,drivers,server,store,endpoint,ports,vault';
  const said = [
    ...wordingIn(['src/{engine,plan,locate,observe}/*.ts'], 'literals'),
    ...wordingIn(
      ['src/model/exit.ts', 'src/detect/health.ts', 'src/model/record-text.ts'],
      'literals',
    ),
    ...wordingIn([`src/{${rooms}}/**/*.ts`, 'src/vault-*.ts'], 'errors'),
  ].filter(({ file }) => !elsewhere.test(file));
  assert.ok(said.length > 400, 'hardly anything was read');
  assert.deepEqual(
    said.filter(({ text }) => !english.some((from) => from.includes(withHole(text)))),
    [],
  );
});

/** Lines of the event log have `_` where the name comes. */
function withHole(text: string): string {
  return text.replace(/(?<=^|\s)_(?=\s)/, '\0');
}

const worded = new Set(['reason', 'why', 'text', 'evidence', 'summary', 'note', 'message']);

/** What people read of a record, a command or a view. */
function sentencesIn(value: unknown, into: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    if (typeof part !== 'string') sentencesIn(part, into);
    else if (worded.has(key) && part !== '' && !part.includes('[object')) into.add(part);
  }
}

/** Names, expressions, and what programs said. */
const notToSay = [
  /[a-z]\/\d|host:here|ann|Daruma|pid|TLS|SIG[A-Z]+|sda|\/panic\//g,
  /[\w.]+ [<>] (size\('\w+'\)|\S+)|[\w.]+ = [\d.]+( MiB)?/g,
  /(#|: )[\w-]+$|mend-\d|最后的输出：.*/g,
];

function isEnglish(said: string): boolean {
  return /[a-z]{2,}/i.test(notToSay.reduce((text, part) => text.replace(part, ''), said));
}

test('all that is said while the simulator runs is known', async () => {
  const said = new Set<string>();
  const listening: typeof step = (state, event) => {
    const result = step(state, event);
    for (const command of result.commands) {
      if (command.kind === 'reply' || command.kind === 'notify') sentencesIn(command, said);
    }
    for (const record of result.records) {
      if (record.kind !== 'configured' && record.kind !== 'requested') sentencesIn(record, said);
      sentencesIn({ text: recordText(record) }, said);
    }
    for (const service of view(state, event.at).services) sentencesIn(service, said);
    return result;
  };
  for (let seed = 1; seed <= 40; seed += 1) {
    await runCase(makeCase(`${seed}`), { step: listening });
    await runCase(makeCase(`g${seed}`), { step: listening });
  }
  assert.ok(said.size > 500, 'hardly anything was said');
  assert.deepEqual(
    [...said].filter((one) => simulated.saySurely(one) === null),
    [],
  );
  assert.deepEqual([...said].map((one) => simulated.say(one)).filter(isEnglish), []);
});

const samples: Readonly<Record<string, string>> = {
  n: '3',
  time: '2.1 s',
  size: '1.5 KiB',
  word: 'X-7',
  who: 'ann',
  text: 'boom; (at x.js:1), «so» it goes',
};

/** A sentence made from a template, with this name in it. */
function made(from: string, name: string): string {
  return from.replace(/\{([a-z]+)\d*\}/g, (_, kind: string) => {
    if (kind === 'id' || kind === 'ids') return name;
    return samples[kind] ?? 'it hangs';
  });
}

test('names stay as they are, whatever words they are', () => {
  const words = Object.keys(phrases).flatMap((from) => from.match(/[A-Za-z][\w-]*/g) ?? []);
  const name = fc.constantFrom(...new Set(words)).map((word) => `${word}/1`);
  const templates = fc.constantFrom(
    ...Object.keys(phrases).filter((from) => /\{ids?\d*\}/.test(from)),
  );
  fc.assert(
    fc.property(templates, name, (from, id) => {
      const plain = chineseBook.say(made(from, 'zz/9'));
      assert.equal(chineseBook.say(made(from, id)), plain.replaceAll('zz/9', id));
    }),
    { numRuns: 2_000 },
  );
});

test('what no template fits stays as it is, and as much as possible of the rest is said', () => {
  assert.equal(chineseBook.say('cpu is hot'), 'cpu is hot');
  assert.equal(chineseBook.say('db/1 crashed; all is weird'), 'db/1 已崩溃；all is weird');
  assert.equal(
    chineseBook.say('restart db/1: it crashed (so what); it is odd'),
    '重启 db/1：已崩溃（so what）；it is odd',
  );
});

test('what programs said stays as they said it', () => {
  const said = 'api/1 needs a person: it crashed (exited with code 1); its budget is spent; ';
  assert.equal(
    chineseBook.say(`${said}last lines: it crashed; restart api/1 | connection refused`),
    'api/1 需要人工处理：已崩溃（以代码 1 退出）；其操作预算已用完；' +
      '最后的输出：it crashed; restart api/1 | connection refused',
  );
  const seen = 'health check failed 2×: exit code 1: no, thanks, process alive';
  assert.equal(
    chineseBook.say(`restart api/1: it hangs (${seen}); by default table a restart mends this`),
    '重启 api/1：已卡死（健康检查失败 2 次：退出码 1：no, thanks，进程仍在）；' +
      '按内置经验表，重启可修复此类故障',
  );
});

test('a sentence made to take long is given up', () => {
  const nested = `${'not sure: '.repeat(200)}${' or x (y); '.repeat(200)}`;
  assert.equal(chineseBook.saySurely(nested), null);
  const deep = 'would '.repeat(10_000);
  assert.equal(chineseBook.say(deep), deep);
  assert.match(chineseBook.say('would '.repeat(600)), /^本应/);
});
