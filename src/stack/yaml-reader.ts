/**
 * Reads YAML 1.2 into a document. Aliases and merge keys (`<<`) are resolved; keys that begin with
 * `x-` are dropped at the top and in services, as in Compose.
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
  type Scalar,
  type YAMLMap,
  type Document as YamlDocument,
} from 'yaml';
import { isExtension, type Place, StackDocument } from './document.ts';
import type { Lookup } from './interpolate.ts';
import type { Path } from './problem.ts';

export function readYaml(file: string, text: string, lookup: Lookup): StackDocument {
  const document = new StackDocument(file, lookup);
  new YamlReader(document, text).read();
  return document;
}

const nodesMax = 100_000;

class YamlReader {
  readonly #document: StackDocument;
  readonly #lines = new LineCounter();
  readonly #yaml: YamlDocument;
  readonly #text: string;
  #nodes = 0;

  constructor(document: StackDocument, text: string) {
    this.#document = document;
    this.#text = text;
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
      this.#document.setText([], (index) => this.#placeAt(index));
      const message = `not valid YAML: ${lowerFirst(error.message)}`;
      this.#document.complainWithin([], error.pos[0], { message });
    }
    if (this.#yaml.errors.length > 0) return;
    this.#findDataDirs();
    this.#document.value = this.#value([], this.#yaml.contents, []);
  }

  /** Before values are read, as these may name it. */
  #findDataDirs(): void {
    const services = isMap(this.#yaml.contents) ? this.#yaml.contents.get('services') : null;
    if (!isMap(services)) return;
    for (const { key, value } of services.items) {
      const service = isAlias(value) ? value.resolve(this.#yaml) : value;
      if (isMap(service) && service.has('data_dir')) this.#document.setDataDir(String(key));
    }
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
    return isScalar(node) ? this.#scalar(path, node) : null;
  }

  #scalar(path: Path, { value, source, range }: Scalar): unknown {
    if (typeof value === 'string') {
      const within = range == null ? -1 : this.#text.slice(range[0], range[1]).indexOf(value);
      const start = (range?.[0] ?? 0) + within;
      if (within >= 0) this.#document.setText(path, (index) => this.#placeAt(start + index));
      return this.#document.interpolate(path, value);
    }
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
    this.#document.setPlace(path, this.#placeAt(start));
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
