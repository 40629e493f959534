/** Reads a stack file: everything that is wrong with it at once, or the stack. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DarumaError } from '../model/errors.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import { checkDriver, checkServices } from './checks.ts';
import { StackDocument } from './document.ts';
import { readDotenv } from './dotenv-file.ts';
import type { Lookup } from './interpolate.ts';
import { toNotify } from './notify.ts';
import { toStatePoints } from './points.ts';
import { formatProblem, type Problem } from './problem.ts';
import { checkSchedules } from './schedules.ts';
import type { RawStack } from './schema.ts';
import { toConsole } from './schema-console.ts';
import { dependenciesOf, toRequires, toService } from './service.ts';
import type { Sources } from './sources.ts';
import { checkTemplates } from './templates.ts';
import { validate } from './validate.ts';
import { readYaml } from './yaml-reader.ts';

export type ReadResult =
  | {
      readonly ok: true;
      readonly spec: StackSpec;
      readonly sources: Sources;
      readonly warnings: readonly Problem[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      readonly warnings: readonly Problem[];
    };

export interface ReadOptions {
  /** Path of the stack file; named like this in problems. */
  readonly file: string;
  /** The user's; `.env` beside the file adds what it doesn't set. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const fileNames = [
  'daruma.yaml',
  'daruma.yml',
  'daruma.config.ts',
  'daruma.config.js',
  'daruma.config.mjs',
];

/** The stack file of a directory; null: it has none. */
export function findStackFile(directory: string): string | null {
  const name = fileNames.find((candidate) => existsSync(join(directory, candidate)));
  return name === undefined ? null : join(directory, name);
}

/** Throws STACK_NOT_FOUND when the file can't be read; all else is told as problems. */
export async function readStack(options: ReadOptions): Promise<ReadResult> {
  const path = resolve(options.file);
  const directory = dirname(path);
  const dotenv = readDotenv(directory, options.environment);
  const document = await load(options.file, path, dotenv.lookup);
  document.addSource(join(directory, '.env'), dotenv.text);
  document.problems.push(...dotenv.problems);
  const unread = document.value === null && document.problems.length > 0;
  const raw = unread ? null : validate(document);
  const fromSchema = [...document.problems];
  const spec = raw === null ? null : toStack(document, raw, path, dotenv.lookup);
  if (spec !== null) await checkSchedules(document, spec);
  const problems = tidied(fromSchema, document.problems.slice(fromSchema.length));
  const warnings = tidied([], document.warnings);
  if (spec === null || problems.length > 0) return { ok: false, problems, warnings };
  return { ok: true, spec, sources: document.sources, warnings };
}

async function load(file: string, path: string, lookup: Lookup): Promise<StackDocument> {
  try {
    const text = readFileSync(path, 'utf8');
    const document = await parse(file, path, text, lookup);
    document.addSource(path, text);
    return document;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing && !existsSync(path)) {
      throw new DarumaError('STACK_NOT_FOUND', `there is no stack file ${file}`, { cause: error });
    }
    throw new DarumaError('STACK_INVALID', `${file} can't be read`, { cause: error });
  }
}

async function parse(
  file: string,
  path: string,
  text: string,
  lookup: Lookup,
): Promise<StackDocument> {
  if (!/^\.(ts|js|mjs)$/.test(extname(path))) return readYaml(file, text, lookup);
  // A changed file is a new module.
  const url = `${pathToFileURL(path).href}?${statSync(path).mtimeMs}`;
  const module = (await import(url)) as { readonly default?: unknown };
  return StackDocument.fromValue(file, module.default ?? null, lookup);
}

function toStack(document: StackDocument, raw: RawStack, file: string, lookup: Lookup): StackSpec {
  const directory = dirname(file);
  const entries = Object.entries(raw.services);
  const toComplete = new Set(
    entries.flatMap(([, service]) =>
      dependenciesOf(service)
        .filter(({ condition }) => condition === 'service_completed_successfully')
        .map(({ service: name }) => name),
    ),
  );
  const context = { document, directory, lookup, mode: raw.mode, toComplete };
  const wrong = new Set(document.problems.map(({ path }) => /^services\.([^.[]+)/.exec(path)?.[1]));
  const all = entries.map(([name, service]) => toService(context, name, service));
  const services = {
    all,
    names: namesIn(document.value),
    sound: (name: string) => (wrong.has(name) ? undefined : all.find((one) => one.name === name)),
  };
  for (const [name, service] of entries)
    checkDriver(document, name, service, service.mode ?? raw.mode);
  checkServices(document, services);
  checkTemplates(document, services);
  const console = toConsole(document, raw.console, directory);
  return {
    name: raw.name ?? nameOf(directory),
    file,
    directory,
    mode: raw.mode,
    services: all,
    recovery: {
      budget: raw.recovery.max_actions,
      maxUnavailableShare: Number.parseInt(raw.recovery.max_unavailable, 10) / 100,
    },
    notify: toNotify({ ...context, services: services.names }, raw.notify),
    requires: toRequires(raw.requires, directory),
    ...(console === undefined ? {} : { console }),
    ...toStatePoints(context, raw.recovery_points),
  };
}

/** As Compose makes a project's name of its directory. */
function nameOf(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
    .slice(0, 63);
  return name === '' ? 'stack' : name;
}

/** Services that are wrong in themselves exist all the same. */
function namesIn(value: unknown): string[] {
  const services = (value as { readonly services?: unknown } | null)?.services;
  return typeof services === 'object' && services !== null ? Object.keys(services) : [];
}

/**
 * In the order of the file, each once. What the checks found is left out where the schema found
 * something within it: a misspelt `command` is not also a missing one.
 */
function tidied(fromSchema: readonly Problem[], fromChecks: readonly Problem[]): Problem[] {
  const within = (problem: Problem) =>
    fromSchema.some(
      ({ path }) =>
        path === problem.path ||
        (/^[.[]/.test(path.slice(problem.path.length)) && path.startsWith(problem.path)),
    );
  const all = [...fromSchema, ...fromChecks.filter((problem) => !within(problem))];
  const once = new Map(all.map((problem) => [formatProblem(problem), problem]));
  return [...once.values()].sort((a, b) => {
    return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
  });
}
