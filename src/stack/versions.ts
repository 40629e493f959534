/** Versions of programs and ranges of them, such as `>=15 <18`. */

/** The first thing in a program's output that looks like a version; null: none. */
export function findVersion(output: string): string | null {
  return /\d+(?:\.\d+)+/.exec(output)?.[0] ?? /\d+/.exec(output)?.[0] ?? null;
}

/** Each comparison looks at as many parts as it names: 18.3 is `<=18` and `=18`, but not `>18`. */
export function inRange(version: string, range: string): boolean {
  const comparisons = [...range.matchAll(/(>=|<=|>|<|=)?\s*(\d+(?:\.\d+)*)/g)];
  return comparisons.every(([, operator = '=', bound = '']) => {
    const order = compare(version, bound);
    if (operator === '>=') return order >= 0;
    if (operator === '<=') return order <= 0;
    if (operator === '>') return order > 0;
    return operator === '<' ? order < 0 : order === 0;
  });
}

function compare(version: string, bound: string): number {
  const parts = version.split('.').map(Number);
  for (const [index, part] of bound.split('.').map(Number).entries()) {
    const difference = (parts[index] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}
