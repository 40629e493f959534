/** What the parts of an import share. */
import { isAbsolute, relative, resolve } from 'node:path';
import { durationPattern } from '../stack/quantity.ts';

/** Something of the Compose file that the stack file doesn't hold. */
export interface Lost {
  /** Such as `volumes` or `deploy.placement`. */
  readonly field: string;
  /** What stood there, in short; empty: nothing worth showing. */
  readonly value: string;
  /** What follows from it; null: nothing in particular. */
  readonly reason: string | null;
}

/** Fields of a service in the stack file. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Converted {
  readonly fields: Fields;
  readonly lost: readonly Lost[];
}

/** What this machine has. */
export interface Machine {
  hasProgram(name: string, workingDir: string): boolean;
  hasUser(name: string): boolean;
}

/** Where paths of the Compose file start from, and where those of the stack file do. */
export interface Places {
  readonly composeDir: string;
  readonly stackDir: string;
}

/** A path of the Compose file as the stack file writes it; what begins with a variable stays. */
export function asWrittenHere({ composeDir, stackDir }: Places, path: string): string {
  if (isAbsolute(path) || path.startsWith('$')) return path;
  return relative(stackDir, resolve(composeDir, path)) || '.';
}

/** Compose writes more units than Daruma reads; undefined: not one that it reads. */
export function duration(given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined;
  return durationPattern.test(given) || given.includes('$') ? given : undefined;
}

/** A number as one, a variable as it is. */
export function numeric(text: string): string | number {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Without what isn't there. */
export function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function isEmpty(fields: Fields): boolean {
  return Object.keys(fields).length === 0;
}

const shortest = 60;

/** A value of the Compose file in a few words. */
export function inShort(value: unknown): string {
  const text = Array.isArray(value)
    ? value.map(ofItem).join(', ')
    : typeof value === 'object' && value !== null
      ? Object.keys(value).join(', ')
      : String(value ?? '');
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= shortest ? line : `${line.slice(0, shortest - 1)}…`;
}

function ofItem(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const { source, target, published } = item as Record<string, unknown>;
  const from = source ?? published;
  if (from === undefined) return String(target ?? Object.keys(item).join(' '));
  return target === undefined ? String(from) : `${from}:${target}`;
}
