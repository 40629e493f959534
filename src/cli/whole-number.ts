import { InvalidArgumentError } from 'commander';

/** For an option: a whole number, 0 or more. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('expected a whole number.');
  }
  return value;
}
