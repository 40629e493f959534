/**
 * A stack file as plain values together with the place of each.
 *
 * 1. Variables are interpolated value by value, never across the text of the file, so a value from
 *    the environment can't change the file's structure.
 * 2. Aliases and merge keys (`<<`) are resolved; keys that begin with `x-` are dropped at the top
 *    and in services, as in Compose.
 * 3. Every problem is kept; reading goes on behind it where that makes sense.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
  type Document as YamlDocument,
} from 'yaml';
import { interpolate, type Lookup } from './interpolate.ts';
import { type Complaint, formatPath, type Path, type Problem } from './problem.ts';

export class StackDocument {
  readonly file: string;
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  value: unknown = null;
  readonly #lookup: Lookup;
  readonly #places = new Map<string, { readonly line: number; readonly column: number }>();
  /** Text of scalars as it stands in the file, where the value has lost it. */
  readonly #sources = new Map<string, string>();
  readonly #interpolated = new Set<string>();

  constructor(file: string, lookup: Lookup) {
    this.file = file;
    this.#lookup = lookup;
  }

  static fromYaml(file: string, text: string, lookup: Lookup): StackDocument {
    const result = new StackDocument(file, lookup);
    new YamlReader(result, text).read();
    return result;
  }

  /** A value that a module exported. */
  static fromValue(file: string, value: unknown, lookup: Lookup): StackDocument {
    const result = new StackDocument(file, lookup);
    result.value = result.#copy([], value);
    return result;
  }

  complain(path: Path, complaint: Complaint): void {
    this.problems.push(this.#problem(path, complaint));
  }

  warn(path: Path, complaint: Complaint): void {
    this.warnings.push(this.#problem(path, complaint));
  }

  setPlace(path: Path, place: { readonly line: number; readonly column: number }): void {
    this.#places.set(key(path), place);
  }

  hasPlace(path: Path): { readonly line: number } | undefined {
    return this.#places.get(key(path));
  }

  setSource(path: Path, source: string): void {
    this.#sources.set(key(path), source);
  }

  /** The text of a scalar as written (`1.10`, `0123`), if it was read as a number or the like. */
  source(path: Path): string | undefined {
    return this.#sources.get(key(path));
  }

  wasInterpolated(path: Path): boolean {
    return this.#interpolated.has(key(path));
  }

  interpolate(path: Path, text: string): string {
    if (!text.includes('$')) return text;
    const result = interpolate(text, this.#lookup);
    for (const message of result.problems) this.complain(path, { message });
    for (const name of result.unset) {
      this.warn(path, { message: `\`${name}\` is not set: taken as empty` });
    }
    if (result.text !== text) {
      this.#interpolated.add(key(path));
      this.setSource(path, text);
    }
    return result.text;
  }

  #problem(path: Path, complaint: Complaint): Problem {
    const place = this.#placeOf(path);
    return {
      file: this.file,
      line: place?.line ?? null,
      column: place?.column ?? null,
      path: formatPath(path),
      message: complaint.message,
      expected: complaint.expected ?? null,
      found: complaint.found ?? null,
      hint: complaint.hint ?? null,
    };
  }

  /** The place of the path or of its nearest ancestor that has one. */
  #placeOf(path: Path): { readonly line: number; readonly column: number } | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = this.#places.get(key(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #copy(path: Path, value: unknown): unknown {
    if (typeof value === 'string') return this.interpolate(path, value);
    if (Array.isArray(value)) return value.map((item, index) => this.#copy([...path, index], item));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([name, item]) => {
      return item !== undefined && !isExtension([...path, name]);
    });
    return Object.fromEntries(
      entries.map(([name, item]) => [name, this.#copy([...path, name], item)]),
    );
  }
}

function key(path: Path): string {
  return JSON.stringify(path);
}

/** `x-…` at the top level and in a service. */
function isExtension(path: Path): boolean {
  const name = path.at(-1);
  const open = path.length === 1 || (path.length === 3 && path[0] === 'services');
  return open && typeof name === 'string' && name.startsWith('x-');
}

const nodesMax = 100_000;

class YamlReader {
  readonly #document: StackDocument;
  readonly #lines = new LineCounter();
  readonly #yaml: YamlDocument;
  #nodes = 0;

  constructor(document: StackDocument, text: string) {
    this.#document = document;
    this.#yaml = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false,
      keepSourceTokens: false,
    });
  }

  read(): void {
    this.#document.setPlace([], { line: 1, column: 1 });
    for (const error of [...this.#yaml.errors, ...this.#yaml.warnings]) {
      const place = this.#lines.linePos(error.pos[0]);
      this.#document.setPlace(['?'], {
        line: Math.max(1, place.line),
        column: Math.max(1, place.col),
      });
      const problem = { message: `not valid YAML: ${lowerFirst(error.message)}` };
      this.#document.complain(['?'], problem);
    }
    this.#document.problems.forEach((problem, index) => {
      this.#document.problems[index] = { ...problem, path: '' };
    });
    if (this.#yaml.errors.length > 0) return;
    this.#document.value = this.#value([], this.#yaml.contents, []);
  }

  #value(path: Path, node: unknown, within: readonly unknown[]): unknown {
    this.#nodes += 1;
    if (this.#nodes > nodesMax || within.includes(node)) {
      if (this.#nodes <= nodesMax || this.#nodes === nodesMax + 1) {
        this.#document.complain(path, {
          message: 'aliases make this file endless or far too large',
        });
      }
      return null;
    }
    if (isAlias(node)) return this.#value(path, node.resolve(this.#yaml), [...within, node]);
    if (isMap(node)) return this.#map(path, node, [...within, node]);
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        this.#place([...path, index], item);
        return this.#value([...path, index], item, [...within, node]);
      });
    }
    return isScalar(node) ? this.#scalar(path, node.value, node.source) : null;
  }

  #scalar(path: Path, value: unknown, source: string | undefined): unknown {
    if (typeof value === 'string') return this.#document.interpolate(path, value);
    if (source !== undefined && value !== null) this.#document.setSource(path, source);
    return value;
  }

  #map(path: Path, map: YAMLMap, within: readonly unknown[]): Record<string, unknown> {
    const result = new Map<string, unknown>();
    const merged: unknown[] = [];
    for (const pair of map.items as Pair<unknown, unknown>[]) {
      const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      const here = [...path, name];
      if (name === '<<') {
        merged.push(pair.value);
        continue;
      }
      if (isExtension(here)) continue;
      const first = result.has(name) ? this.#document.hasPlace(here)?.line : undefined;
      this.#place(here, pair.key);
      if (result.has(name)) {
        const message = `\`${name}\` is given twice, first in line ${first}`;
        this.#document.complain(here, { message });
      }
      result.set(name, this.#value(here, pair.value, within));
    }
    for (const source of merged) this.#merge(path, source, result, within);
    return Object.fromEntries(result);
  }

  /** What the map itself says goes before what it merges in. */
  #merge(
    path: Path,
    source: unknown,
    into: Map<string, unknown>,
    within: readonly unknown[],
  ): void {
    const node = isAlias(source) ? source.resolve(this.#yaml) : source;
    if (isSeq(node)) {
      for (const item of node.items) this.#merge(path, item, into, within);
      return;
    }
    if (!isMap(node) || within.includes(node)) {
      this.#document.complain(path, {
        message: 'expected a map, or a list of maps, to merge (`<<`)',
      });
      return;
    }
    const rest = node.items.filter(
      (pair) => !isScalar(pair.key) || !into.has(String(pair.key.value)),
    );
    const part = Object.assign(node.clone(), { items: rest }) as YAMLMap;
    for (const [name, value] of Object.entries(this.#map(path, part, [...within, node]))) {
      into.set(name, value);
    }
  }

  #place(path: Path, node: unknown): void {
    const start = (node as Node | null)?.range?.[0];
    if (start === undefined) return;
    const { line, col } = this.#lines.linePos(start);
    this.#document.setPlace(path, { line, column: col });
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
