/**
 * zod's issues as complaints. The schema's error messages are phrases of what is expected (see
 * `leaves.ts`); of a union the branch is taken whose kind of value is the one that was written.
 */
import type { z } from 'zod';
import { nearest } from './nearest.ts';
import type { Complaint, Path } from './problem.ts';

type Issue = z.core.$ZodIssue;

export interface Located {
  readonly path: Path;
  readonly complaint: Complaint;
  /** A number or truth value may be what the text of a variable means. */
  readonly wrongType: boolean;
  /** Of an unknown key: the path that was probably meant. */
  readonly meant?: Path;
}

type Describe = (path: Path, value: unknown) => string;

export function complaintsOf(
  issues: readonly Issue[],
  value: unknown,
  describe: Describe,
): Located[] {
  const located = issues
    .flatMap((issue) => flatten(issue, []))
    .flatMap(({ issue, path }) => locate(issue, path, at(value, path), describe));
  // What is misspelt is not also missing.
  const meant = new Set(located.map((one) => JSON.stringify(one.meant)));
  return located.filter(({ path }) => !meant.has(JSON.stringify(path)));
}

function locate(issue: Issue, path: Path, found: unknown, describe: Describe): Located[] {
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, issue.message, path);
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? '';
    const key = JSON.stringify(path.at(-1));
    const complaint = { message: `expected ${expected}, found ${key}`, expected, found: key };
    return [{ path, complaint, wrongType: false }];
  }
  const expected = issue.message;
  const shown = describe(path, found);
  const message =
    found === undefined ? `missing: expected ${expected}` : `expected ${expected}, found ${shown}`;
  const complaint = { message, expected, found: shown, hint: wordHint(issue, found) };
  return [{ path, complaint, wrongType: true }];
}

function flatten(issue: Issue, prefix: Path): { readonly issue: Issue; readonly path: Path }[] {
  const path = [
    ...prefix,
    ...issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
  ];
  if (issue.code !== 'invalid_union') return [{ issue, path }];
  const branch = issue.errors.find((issues) => !issues.some(isOtherKind));
  if (branch === undefined) return [{ issue, path }];
  return branch.flatMap((inner) => flatten(inner, path));
}

/** The value is of another kind (text, number, map, …) than this branch is about. */
function isOtherKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union')
    return !issue.errors.some((inner) => !inner.some(isOtherKind));
  if (issue.code === 'invalid_value') return typeof issue.values[0] !== typeof issue.input;
  return issue.code === 'invalid_type';
}

function unknownKeys(keys: readonly string[], message: string, path: Path): Located[] {
  const known = message.split(', ');
  return keys.map((key) => {
    const near = nearest(key, known);
    const elsewhere = composeWords[key];
    const hint =
      elsewhere ?? (near === null ? `known here: ${message}` : `did you mean \`${near}\`?`);
    return {
      path: [...path, key],
      complaint: { message: 'unknown', expected: `one of ${message}`, found: key, hint },
      wrongType: false,
      ...(elsewhere === undefined && near !== null ? { meant: [...path, near] } : {}),
    };
  });
}

function wordHint(issue: Issue, found: unknown): string | null {
  if (issue.code !== 'invalid_value' || typeof found !== 'string') return null;
  if (laterDrivers.has(found)) return 'not yet: it comes with a later version';
  const near = nearest(found, issue.values.map(String));
  return near === null ? null : `did you mean \`${near}\`?`;
}

const laterDrivers = new Set(['mariadb', 'mysql', 'redis']);

/** Words of Compose, or of later versions, that people will write. */
const composeWords: Readonly<Record<string, string>> = {
  version: 'not needed',
  image:
    'Daruma runs programs, not images: say `command`, or `driver: external` with docker’s commands',
  build: 'Daruma runs programs, not images: say `command`',
  entrypoint: 'say `command`',
  ports: 'say `endpoint`',
  expose: 'say `endpoint`',
  volumes: 'programs see the file system as it is',
  networks: 'programs see the network as it is',
  network_mode: 'programs see the network as it is',
  container_name: 'instances are named SERVICE/NUMBER',
  scale: 'say `replicas`',
  mem_limit: 'say `limits: { memory: … }`',
  pids_limit: 'say `limits: { pids: … }`',
  cpus: 'say `limits: { cpus: … }`',
  update_config: 'not yet: releases come with a later version',
  rollback_config: 'not yet: releases come with a later version',
};

export function at(value: unknown, path: Path): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}

/** A value as a person would name it: `"two"`, `5`, `a list`, `a map`, `nothing`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 56)}…"` : shown;
}
