/** The house rules. Each takes the facts of all sources and returns what breaks it, by place. */
import { type ImportTable, roomOf } from './import-table.ts';
import type { Place, SourceFile } from './sources.ts';
import { widestLine } from './sources.ts';

const longestFunction = 70;
const longestFile = 800;
/** Rooms without clock, chance, I/O and promises. */
const core = new Set(['model', 'detect', 'learn', 'locate', 'plan', 'engine']);
const bannedInCore = new Set([
  'Date',
  'performance',
  'Math.random',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'console',
  'fetch',
  'Promise',
]);

/** Packages that compute and nothing else. */
const purePackages = new Set(['@marcbachmann/cel-js']);

export type Rule = (sources: readonly SourceFile[], table: ImportTable) => string[];

export const rules: Readonly<Record<string, Rule>> = {
  'rooms import what the table allows': roomsKeepTheTable,
  'nobody imports main.ts': (sources) =>
    sources.flatMap(({ imports }) =>
      imports
        .filter(({ target }) => target === 'src/main.ts')
        .map((found) => at(found, 'imports main.ts')),
    ),
  'no import cycles': (sources) => cycles(sources),
  'functions are short': (sources) =>
    sources.flatMap(({ functions }) =>
      functions
        .filter(({ lineCount }) => lineCount > longestFunction)
        .map((found) => at(found, `${found.name} has ${found.lineCount} lines`)),
    ),
  'files are short': (sources) =>
    sources
      .filter(({ lines }) => lines.length > longestFile)
      .map(({ path, lines }) => `${path}:1: has ${lines.length} lines`),
  'lines are short': longLines,
  'the core has no clock, chance, I/O or promise': impureCore,
  'names are good': badNames,
  'no test is switched off': (sources) =>
    sources.flatMap(({ switchedOffTests }) =>
      switchedOffTests.map((found) => at(found, `${found.name} switches tests off`)),
    ),
  'tests end first what they made last': endsInOrder,
  'no empty catch': (sources) =>
    sources.flatMap(({ emptyCatches }) =>
      emptyCatches.map((found) => at(found, 'an error is dropped without a word')),
    ),
  'no dead files': deadFiles,
  'no dead exports': deadExports,
};

function at(place: Place, what: string): string {
  return `${place.path}:${place.line}: ${what}`;
}

function isTest(path: string): boolean {
  return /\.(test|fixture)\.ts$/.test(path) || !path.startsWith('src/');
}

/** Tests beside the code may use any room: they put real parts together. */
function roomsKeepTheTable(sources: readonly SourceFile[], table: ImportTable): string[] {
  return sources
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, imports }) => {
      const room = roomOf(path);
      if (room === null) return [];
      const allowed = table.get(room);
      if (allowed === undefined) return [`${path}:1: room ${room} is not in ARCHITECTURE.md`];
      return imports
        .filter(({ target }) => target !== null && !mayImport(room, allowed, target))
        .map((found) => at(found, `${room} may not import ${found.target}`));
    });
}

function mayImport(room: string, allowed: ReadonlySet<string>, target: string): boolean {
  const other = roomOf(target);
  return other !== null && (other === room || allowed.has(other));
}

function cycles(sources: readonly SourceFile[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const found: string[] = [];
  const follow = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push(`${path}:1: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target !== null) follow(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of [...byPath.keys()].sort()) follow(path, []);
  return found;
}

/** A long text can't be broken by the formatter; code can. */
function longLines(sources: readonly SourceFile[]): string[] {
  return sources.flatMap(({ path, lines, linesOfText }) =>
    lines.flatMap((line, index) => {
      const width = [...line].length;
      if (width <= widestLine || linesOfText.has(index + 1)) return [];
      return [`${path}:${index + 1}: has ${width} columns`];
    }),
  );
}

function impureCore(sources: readonly SourceFile[]): string[] {
  return sources
    .filter(({ path }) => core.has(roomOf(path) ?? '') && !isTest(path))
    .flatMap(({ imports, uses, asynchronous }) => [
      ...imports
        .filter(({ target, specifier }) => target === null && !purePackages.has(specifier))
        .map((found) => at(found, `imports ${found.specifier}`)),
      ...uses
        .filter(({ name }) => bannedInCore.has(name))
        .map((found) => at(found, `uses ${found.name}`)),
      ...asynchronous.map((found) => at(found, 'is asynchronous')),
    ]);
}

function badNames(sources: readonly SourceFile[]): string[] {
  return sources.flatMap(({ path, declarations }) => {
    const found: string[] = [];
    for (const part of path.split('/')) {
      if (!/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.(test|fixture|d))?(\.ts)?$/.test(part)) {
        found.push(`${path}:1: ${part} is not in kebab-case`);
      }
      if (/(^|-)(utils?|helpers?|managers?)\b/.test(part))
        found.push(`${path}:1: ${part} says little`);
    }
    for (const declaration of declarations) {
      const { name } = declaration;
      if (/(Utils?|Helpers?|Manager)$/.test(name))
        found.push(at(declaration, `${name} says little`));
      if (/^I[A-Z][a-z]/.test(name)) found.push(at(declaration, `${name} has an I prefix`));
    }
    return found;
  });
}

/** Node's own hooks run in the order in which they were given: `atEnd` has the other one. */
function endsInOrder(sources: readonly SourceFile[]): string[] {
  return sources
    .filter(({ path }) => path.startsWith('test/') && path !== 'test/at-end.ts')
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        /\bt\.after\(/.test(line) ? [`${path}:${index + 1}: say atEnd(t, …)`] : [],
      ),
    );
}

/** What neither main.ts nor a process or thread of its own leads to. */
function deadFiles(sources: readonly SourceFile[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const alive = new Set<string>();
  const follow = (path: string): void => {
    const source = byPath.get(path);
    if (source === undefined || alive.has(path)) return;
    alive.add(path);
    for (const { target } of source.imports) if (target !== null) follow(target);
    for (const entry of source.entries) follow(entry);
  };
  for (const { path } of sources) if (isEntry(path)) follow(path);
  return sources
    .filter(({ path }) => !alive.has(path) && !isTest(path))
    .map(({ path }) => `${path}:1: nothing leads here`);
}

/** Where something starts. What only tests lead to is dead, unless it is called `*.fixture.ts`. */
function isEntry(path: string): boolean {
  if (path === 'src/main.ts' || path.endsWith('.fixture.ts')) return true;
  return path === 'src/sim/main.ts' || /^(bench|examples|scripts)\//.test(path);
}

/** A type may be exported for those that its own module's exports mention. */
function deadExports(sources: readonly SourceFile[]): string[] {
  const used = new Set<string>();
  for (const { imports } of sources) {
    for (const { target, names } of imports)
      for (const name of names) used.add(`${target}#${name}`);
  }
  return sources
    .filter(({ path }) => path !== 'src/main.ts')
    .flatMap(({ path, exports, uses }) =>
      exports
        .filter(({ name, typeOnly }) => {
          const taken = used.has(`${path}#${name}`) || used.has(`${path}#*`);
          return !taken && !(typeOnly && uses.some((use) => use.name === name));
        })
        .map((found) => at(found, `nobody uses ${found.name}`)),
    );
}
