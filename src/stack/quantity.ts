/** Durations and sizes as Compose writes them, and budgets («5 per 10m»). */
import type { BudgetSpec } from '../model/stack-spec.ts';

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Such as `500ms`, `1m30s`, `1.5h`; also `0`. */
export const durationPattern = /^(?:0|(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+)$/;

/** Milliseconds, rounded to whole ones; null: not a duration. */
export function parseDuration(text: string): number | null {
  if (!durationPattern.test(text)) return null;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    ms += Number(amount) * (durationUnits[unit ?? ''] ?? 0);
  }
  return Math.round(ms);
}

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** Such as `64m`, `512MiB`, `1.5gb`, `4096`. */
export const sizePattern = /^\d+(?:\.\d+)?(?:[bB]|[kKmMgGtT](?:i?[bB])?)?$/;

/** Bytes. Units are powers of 1024 whether written `m`, `mb` or `MiB`, as in Compose; null: not a
 * size. */
export function parseSize(text: string): number | null {
  if (!sizePattern.test(text)) return null;
  const [, amount, unit = ''] = /^([\d.]+)([a-z]?)/.exec(text.toLowerCase()) ?? [];
  return Math.round(Number(amount) * (sizeUnits[unit === 'b' ? '' : unit] ?? 1));
}

/** `5 per 10m`; the count may be 0: nothing is ever done. */
export const budgetPattern = /^\d+ per (?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/** Null: not a budget, or one over no time at all. */
export function parseBudget(text: string): BudgetSpec | null {
  const [count, duration] = text.split(' per ');
  const windowMs = parseDuration(duration ?? '');
  if (!budgetPattern.test(text) || windowMs === null || windowMs === 0) return null;
  return { count: Number(count), windowMs };
}
