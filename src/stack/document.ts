/**
 * A stack file as plain values together with the place of each.
 *
 * 1. Variables are interpolated value by value, never across the text of the file, so a value from
 *    the environment can't change the file's structure.
 * 2. Every problem is kept; reading goes on behind it where that makes sense.
 */
import { interpolate, type Lookup } from './interpolate.ts';
import { type Complaint, formatPath, type Path, type Problem } from './problem.ts';
import { digestOf } from './sources.ts';

/** From 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export class StackDocument {
  readonly file: string;
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** Files that were read for it: see sources.ts. */
  readonly sources: Record<string, string | null> = {};
  value: unknown = null;
  readonly #lookup: Lookup;
  readonly #places = new Map<string, Place>();
  /** Text of scalars as it stands in the file, where the value has lost it. */
  readonly #sources = new Map<string, string>();
  readonly #interpolated = new Set<string>();
  readonly #withDataDir = new Set<string>();
  /** Where the characters of a text stand, for texts that are written as they are. */
  readonly #texts = new Map<string, (index: number) => Place>();

  constructor(file: string, lookup: Lookup) {
    this.file = file;
    this.#lookup = lookup;
  }

  /** A value that a module exported. */
  static fromValue(file: string, value: unknown, lookup: Lookup): StackDocument {
    const result = new StackDocument(file, lookup);
    for (const name of servicesWithDataDir(value)) result.setDataDir(name);
    result.value = result.#copy([], value);
    return result;
  }

  complain(path: Path, complaint: Complaint): void {
    this.problems.push(this.#problem(path, complaint));
  }

  /** As `complain`, about the character at `index` of the text at the path. */
  complainWithin(path: Path, index: number, complaint: Complaint): void {
    const place = this.#texts.get(key(path))?.(index);
    this.problems.push({ ...this.#problem(path, complaint), ...place });
  }

  /** Null: there is no such file. */
  addSource(path: string, content: string | null): void {
    this.sources[path] = content === null ? null : digestOf(content);
  }

  setText(path: Path, placeOf: (index: number) => Place): void {
    this.#texts.set(key(path), placeOf);
  }

  warn(path: Path, complaint: Complaint): void {
    this.warnings.push(this.#problem(path, complaint));
  }

  setPlace(path: Path, place: Place): void {
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
    const result = interpolate(text, this.#lookup, this.#templatesAt(path));
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

  /** `${DATA_DIR}` has its meaning in services that say `data_dir`; in others it is a variable. */
  setDataDir(service: string): void {
    this.#withDataDir.add(service);
  }

  #templatesAt([root, service, field]: Path): readonly string[] {
    if (root !== 'services') return [];
    if (field === 'failover') return ['ROLE', 'EPOCH', ...this.#dataDirOf(service)];
    return field === 'restore_drill' ? ['DATA_DIR'] : this.#dataDirOf(service);
  }

  #dataDirOf(service: string | number | undefined): readonly string[] {
    return this.#withDataDir.has(String(service)) ? ['DATA_DIR'] : [];
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
  #placeOf(path: Path): Place | undefined {
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

function servicesWithDataDir(value: unknown): string[] {
  const services = (value as { readonly services?: object } | null)?.services;
  return Object.entries(services ?? {})
    .filter(([, service]) => service?.data_dir !== undefined)
    .map(([name]) => name);
}

/** `x-…` at the top level and in a service. */
export function isExtension(path: Path): boolean {
  const name = path.at(-1);
  const open = path.length === 1 || (path.length === 3 && path[0] === 'services');
  return open && typeof name === 'string' && name.startsWith('x-');
}
