/**
 * A document against the schema. What is wrong is told and cut out, so that the rest can be checked
 * too and all problems come at once.
 */

import type { StackDocument } from './document.ts';
import { at, complaintsOf, describeValue, type Located } from './issues.ts';
import { formatPath, type Path } from './problem.ts';
import { type RawStack, stackSchema } from './schema.ts';

/** Null: nothing usable is left. */
export function validate(document: StackDocument): RawStack | null {
  convertInterpolated(document);
  let value = document.value;
  // Each turn cuts at least one level off; a stack file isn't deeper than this.
  for (let turn = 0; turn < 10; turn += 1) {
    const result = stackSchema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    const found = complaints(document, value, result.error.issues);
    if (turn === 0) tell(document, found);
    value = found.map(({ path }) => present(value, path)).reduce(without, value);
  }
  return null;
}

/** Of a value that couldn't be read the schema has nothing more to say. */
function tell(document: StackDocument, found: readonly Located[]): void {
  const unread = new Set(document.problems.map(({ path }) => path));
  for (const { path, complaint } of found) {
    if (!unread.has(formatPath(path))) document.complain(path, complaint);
  }
}

type Issues = Parameters<typeof complaintsOf>[0];

function complaints(document: StackDocument, value: unknown, issues: Issues): Located[] {
  return complaintsOf(issues, value, (path, found) => {
    // A variable may hold a secret: its value isn't shown.
    const source = document.wasInterpolated(path) ? document.source(path) : undefined;
    return source === undefined ? describeValue(found) : `the value of ${source}`;
  });
}

/** `replicas: ${COUNT}` is text to YAML; where the schema wants a number it is read as one. */
function convertInterpolated(document: StackDocument): void {
  const result = stackSchema.safeParse(document.value, { reportInput: true });
  if (result.success) return;
  for (const { path, wrongType } of complaints(document, document.value, result.error.issues)) {
    const text = at(document.value, path);
    if (!wrongType || typeof text !== 'string' || !document.wasInterpolated(path)) continue;
    const converted = converse(text);
    if (converted === text) continue;
    const parent = at(document.value, path.slice(0, -1)) as Record<string | number, unknown>;
    parent[path.at(-1) ?? ''] = converted;
  }
}

function converse(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Where something is missing, what it is missing from. */
function present(value: unknown, path: Path): Path {
  return at(value, path) === undefined ? path.slice(0, -1) : path;
}

/** The value without what is at the path; of a list, without the whole list. */
function without(value: unknown, path: Path): unknown {
  const [first, next] = path;
  if (first === undefined || typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === first ? without(item, path.slice(1)) : item));
  }
  const { [first]: cut, ...others } = value as Record<string, unknown>;
  const whole = path.length === 1 || (path.length === 2 && typeof next === 'number');
  return whole || cut === undefined ? others : { ...others, [first]: without(cut, path.slice(1)) };
}
