/** The sentences that the API tells, in the language of the console. */
import { PhraseBook, type Phrases } from './phrase-book.ts';
import { answers } from './phrases/answers.ts';
import { causes } from './phrases/causes.ts';
import { decisions, tallies } from './phrases/decisions.ts';
import { points } from './phrases/points.ts';
import { primaries } from './phrases/primaries.ts';
import { records } from './phrases/records.ts';
import { starts } from './phrases/starts.ts';

/** What others said may hold anything: what comes behind it is looked for first. */
const behind: Phrases = {
  '{why}; last lines: {text}': '{why}；最后的输出：{text}',
  '{why}; last output: {text}': '{why}；最后的输出：{text}',
  '{why}, its dependencies healthy': '{why}，其依赖均正常',
  '{why}, process alive': '{why}，进程仍在',
  '{why}, one action failed': '{why}，有 1 次操作失败',
  '{why}, {n} actions failed': '{why}，有 {n} 次操作失败',
  '{why}, {id} fails a check made just now ({why2})': '{why}，{id} 刚刚的检查失败（{why2}）',
};

/** How sentences are put together. */
const joints: Phrases = {
  '{one}; {other}': '{one}；{other}',
  ...tallies,
  '{id}: {why}': '{id}：{why}',
  '{one} ({why})': '{one}（{why}）',
  '{one}, {other}': '{one}，{other}',
  '{one}: {other}': '{one}：{other}',
  '{id} {what}': '{id} {what}',
  '{text} for {n} s ({text2})': '{text}，持续 {n} 秒（{text2}）',
  '{text} ({word} = {text2})': '{text}（{word} = {text2}）',
};

export const tables: readonly Phrases[] = [
  behind,
  causes,
  decisions,
  primaries,
  answers,
  starts,
  points,
  records,
  joints,
];

export const chineseBook = new PhraseBook(Object.assign({}, ...tables));
