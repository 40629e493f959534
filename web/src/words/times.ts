/** Times and spans as people say them. */
import { inChinese } from './units.ts';

export function span(ms: number, language: string): string {
  const text = inUnits(ms);
  return language === 'zh' ? inChinese(text) : text;
}

function inUnits(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${inTenths(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${inTenths(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${inTenths(ms / 3_600_000)} h`;
  return `${inTenths(ms / 86_400_000)} d`;
}

function inTenths(value: number): number {
  return Math.round(value * 10) / 10;
}

export function clockTime(at: number, language: string): string {
  return new Date(at).toLocaleTimeString(language, { hour12: false });
}

/** Without the date when it is today. */
export function moment(at: number, language: string): string {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  if (today) return clockTime(at, language);
  return date.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium', hour12: false });
}
