/**
 * Daruma's own state: the event log with what was learned, the people of the console, the
 * configuration that the stack runs by and the files that it was read from, and secrets. All of it
 * is needed, and enough, to go on somewhere else; what lies in `run/` and `logs/` belongs to this
 * machine.
 */
import { existsSync, readFileSync, type Stats, statSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import { Readable } from 'node:stream';
import { layout } from '../../model/layout.ts';
import type { OpenSource, PointSource, SourceEntry } from '../../ports/vault.ts';
import type { SourceContext } from './context.ts';
import { databaseEntry } from './sqlite.ts';
import { walk } from './walk.ts';

const copiesDir = 'state';

export function stateSource(context: SourceContext): PointSource {
  return {
    kind: 'state',
    incremental: false,
    open: (signal) => openState(context, signal),
  };
}

async function openState(context: SourceContext, signal: AbortSignal): Promise<OpenSource> {
  const at = context.now();
  const directory = `${context.scratchDir}/${copiesDir}`;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return {
    entries: entriesOf(context.stateDir, directory, signal),
    end: async () => ({ entries: [], summary: { at, versions: {} } }),
    abort: () => rm(directory, { recursive: true, force: true }),
  };
}

async function* entriesOf(
  stateDir: string,
  directory: string,
  signal: AbortSignal,
): AsyncGenerator<SourceEntry> {
  const { database, accountsDatabase, secretsDir } = layout(stateDir);
  // There are no accounts as long as nobody uses the console.
  const databases = existsSync(accountsDatabase) ? [database, accountsDatabase] : [database];
  for (const path of databases) {
    yield await databaseEntry({ name: basename(path), path }, directory, signal);
  }
  for (const name of ['stack.json', 'spec.json']) yield* fileEntry(`${stateDir}/${name}`, name);
  if (existsSync(secretsDir)) {
    const root = { name: 'secrets', path: secretsDir };
    for await (const found of walk(root, { exclude: [], leaveOut: new Set(), signal })) {
      yield* fileEntry(found.absolute, found.path);
    }
  }
  yield* stackFiles(stateDir);
}

/** Below `stack/`, as they lie from the stack's directory on; those elsewhere by their path. */
async function* stackFiles(stateDir: string): AsyncGenerator<SourceEntry> {
  const file = `${stateDir}/spec.json`;
  if (!existsSync(file)) return;
  const { sources, spec } = JSON.parse(await readFile(file, 'utf8'));
  const made = new Set(['.']);
  for (const source of Object.keys(sources)) {
    const below = relative(spec.directory, source);
    const path = `stack/${below.startsWith('..') ? source.slice(1) : below}`;
    if (!existsSync(source)) continue;
    yield* parentsOf(path, made, statSync(spec.directory));
    yield* fileEntry(source, path);
  }
}

function* parentsOf(path: string, made: Set<string>, stats: Stats): Generator<SourceEntry> {
  const parent = dirname(path);
  if (made.has(parent)) return;
  yield* parentsOf(parent, made, stats);
  made.add(parent);
  yield { ...factsOf(parent, stats), type: 'directory', bytes: 0 };
}

/** Nothing when there is none. Such files are replaced whole, never written in place. */
function* fileEntry(absolute: string, path: string): Generator<SourceEntry> {
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats === undefined) return;
  const facts = factsOf(path, stats);
  if (stats.isDirectory()) yield { ...facts, type: 'directory', bytes: 0 };
  if (!stats.isFile()) return;
  const content = readFileSync(absolute);
  const open = async () => Readable.from([content], { objectMode: false });
  yield { ...facts, type: 'file', bytes: content.length, open };
}

function factsOf(path: string, { mode, uid, gid, mtimeMs }: Stats) {
  return { path, mode: mode & 0o7777, uid, gid, mtimeMs };
}
