/** The language of the console: by the browser, or by the switch. */
import { createContext, useContext } from 'react';
import { chinese } from './chinese.ts';
import { english, type Word } from './english.ts';
import { chineseBook } from './told.ts';

export const languages = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof languages;
export type Say = (word: Word, values?: Readonly<Record<string, string | number>>) => string;

/** A sentence of the record or the API, which are in English. */
export type Tell = (sentence: string) => string;

const texts: Readonly<Record<Language, Readonly<Record<Word, string>>>> = {
  en: english,
  zh: chinese,
};

export function preferredLanguage(chosen: string | null, wanted: readonly string[]): Language {
  if (chosen === 'en' || chosen === 'zh') return chosen;
  const first = wanted.find((tag) => /^(en|zh)\b/i.test(tag));
  return first?.toLowerCase().startsWith('zh') === true ? 'zh' : 'en';
}

export function speaker(language: Language): Say {
  return (word, values = {}) =>
    texts[language][word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

export function teller(language: Language): Tell {
  return language === 'zh' ? (sentence) => chineseBook.say(sentence) : (sentence) => sentence;
}

export interface Speaking {
  readonly language: Language;
  readonly say: Say;
  readonly tell: Tell;
}

export const Speech = createContext<Speaking>({
  language: 'en',
  say: speaker('en'),
  tell: teller('en'),
});

export function useSay(): Say {
  return useContext(Speech).say;
}

export function useTell(): Tell {
  return useContext(Speech).tell;
}
