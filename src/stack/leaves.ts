/**
 * The words that the schema is made of. Every one carries a phrase that says what is expected; it
 * is both the error message of zod's issues (see `issues.ts`) and the type on the reference page.
 */
import { z } from 'zod';
import {
  budgetPattern,
  durationPattern,
  parseBudget,
  parseDuration,
  parseSize,
  sizePattern,
} from './quantity.ts';

export function expecting<T extends z.ZodType>(schema: T, expected: string): T {
  return schema.meta({ expected });
}

export function described<T extends z.ZodType>(schema: T, description: string): T {
  return schema.meta({ description });
}

/** An object without other keys; an unknown one is told together with those that there are. */
export function closed<T extends z.core.$ZodShape>(shape: T, what = 'a map') {
  const known = Object.keys(shape).join(', ');
  const schema = z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : what),
  });
  return expecting(schema, what);
}

export function oneOf<const T extends readonly string[]>(words: T) {
  const expected = `one of ${words.join(', ')}`;
  return expecting(z.enum(words, expected), expected);
}

export function either<const T extends readonly [z.ZodType, z.ZodType, ...z.ZodType[]]>(
  options: T,
  expected: string,
) {
  return expecting(z.union(options, expected), expected);
}

export function list<T extends z.ZodType>(item: T, expected = 'a list') {
  return expecting(z.array(item, expected), expected);
}

export function text(expected = 'text') {
  return expecting(z.string(expected).min(1, expected), expected);
}

export function matching(pattern: RegExp, expected: string) {
  return expecting(z.string(expected).regex(pattern, expected), expected);
}

export function yesOrNo() {
  return expecting(z.boolean('true or false'), 'true or false');
}

export function whole(min: number, max?: number) {
  const expected =
    max === undefined ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`;
  return expecting(
    z
      .int(expected)
      .min(min, expected)
      .max(max ?? Number.MAX_SAFE_INTEGER, expected),
    expected,
  );
}

/** Milliseconds, once read. */
export function duration(options: { readonly min?: string } = {}) {
  const min = options.min === undefined ? 0 : (parseDuration(options.min) ?? 0);
  const atLeast = options.min === undefined ? '' : `, at least ${options.min}`;
  const expected = `a duration such as 500ms or 1m30s${atLeast}`;
  return expecting(
    z
      .string(expected)
      .regex(durationPattern, { error: expected, abort: true })
      .refine((value) => (parseDuration(value) ?? 0) >= min, expected)
      .transform((value) => parseDuration(value) ?? 0),
    expected,
  );
}

/** Bytes, once read. */
export function size() {
  const expected = 'a size such as 64m or 512MiB';
  const written = z.string(expected).regex(sizePattern, expected);
  return expecting(
    z.union([written, z.int(expected).min(0, expected)], expected).transform(sizeOf),
    expected,
  );
}

function sizeOf(value: string | number): number {
  return typeof value === 'number' ? value : (parseSize(value) ?? 0);
}

export function budget() {
  const expected = 'a budget such as 5 per 10m';
  return expecting(
    z
      .string(expected)
      .regex(budgetPattern, { error: expected, abort: true })
      .refine((value) => parseBudget(value) !== null, expected)
      .transform((value) => parseBudget(value) ?? { count: 0, windowMs: 1 }),
    expected,
  );
}

export function url() {
  return matching(/^https?:\/\/[^\s/]/, 'a URL that begins with http:// or https://');
}

export function regularExpression() {
  const expected = 'a regular expression';
  return expecting(z.string(expected).min(1, expected).refine(compiles, expected), expected);
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}

export const words = list(text(), 'a list of words');
export const command = either([text('a command'), words], 'a command: text or a list of words');
export const scalar = z.union(
  [z.string(), z.number(), z.boolean()],
  'text, a number, true or false',
);
export const stringMap = expecting(
  z.record(z.string(), scalar, 'a map of names to values'),
  'a map of names to values',
);
