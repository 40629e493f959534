/** A service's environment: `env_file`, then `environment` over it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { StackDocument } from './document.ts';
import { parseEnvironmentFile } from './dotenv.ts';
import type { Lookup } from './interpolate.ts';
import type { Path } from './problem.ts';
import type { RawService } from './schema-service.ts';

export interface EnvironmentContext {
  readonly document: StackDocument;
  readonly directory: string;
  readonly lookup: Lookup;
}

export function toEnvironment(
  context: EnvironmentContext,
  path: Path,
  service: RawService,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { file, required, at } of filesOf(path, service)) {
    Object.assign(result, readFile(context, at, resolve(context.directory, file), required));
  }
  return Object.assign(
    result,
    ownVariables(context, [...path, 'environment'], service.environment),
  );
}

function filesOf(path: Path, service: RawService) {
  const raw = service.env_file;
  if (raw === undefined) return [];
  const here = [...path, 'env_file'];
  if (typeof raw === 'string') return [{ file: raw, required: true, at: here }];
  return raw.map((item, index) => {
    const full = typeof item === 'string' ? { path: item, required: true } : item;
    return { file: full.path, required: full.required, at: [...here, index] };
  });
}

function readFile(
  context: EnvironmentContext,
  at: Path,
  file: string,
  required: boolean,
): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    context.document.addSource(file, null);
    if (required || !missing) {
      const reason = missing ? 'there is no such file' : (error as Error).message;
      context.document.complain(at, { message: `${file}: ${reason}` });
    }
    return {};
  }
  context.document.addSource(file, text);
  const parsed = parseEnvironmentFile(text, context.lookup);
  for (const { line, message } of parsed.problems) {
    context.document.complain(at, { message: `${file}:${line}: ${message}` });
  }
  return parsed.values;
}

function ownVariables(
  context: EnvironmentContext,
  path: Path,
  raw: RawService['environment'],
): Record<string, string> {
  const result: Record<string, string> = {};
  const inherit = (name: string) => {
    const value = context.lookup(name);
    if (value !== undefined) result[name] = value;
  };
  if (Array.isArray(raw)) {
    for (const item of raw) {
      const equals = item.indexOf('=');
      if (equals === -1) inherit(item);
      else result[item.slice(0, equals)] = item.slice(equals + 1);
    }
    return result;
  }
  for (const [name, value] of Object.entries(raw)) {
    if (value === null) inherit(name);
    else if (typeof value === 'string') result[name] = value;
    // As written: 1.10 and 0123 are no numbers to a program.
    else result[name] = context.document.source([...path, name]) ?? String(value);
  }
  return result;
}
