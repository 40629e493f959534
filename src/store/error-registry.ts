/**
 * Error records in memory: happenings in, distinct errors with their counts out. Knows nothing of
 * clock or disk.
 *
 * 1. At most `limit` distinct errors are kept, and one more that counts the happenings of those
 *    that were dropped.
 * 2. Dropped first are errors seen once and acknowledged by nobody, the one not seen for longest
 *    before the others; but a share of the places stays theirs, so that among many repeated errors
 *    a new one can still show itself to be one.
 * 3. The count of a kept error is exact since it was first seen or last dropped.
 */
import { hash } from 'node:crypto';
import type { ErrorRecord, ErrorReport } from '../model/error-record.ts';
import { cutMessage, identity } from './error-identity.ts';

const droppedCode = 'ERRORS_DROPPED';
const droppedMessage = 'happenings of rare errors that are no longer kept one by one';

export interface ErrorChanges {
  readonly changed: readonly ErrorRecord[];
  /** Ids. */
  readonly removed: readonly string[];
}

type Entry = { -readonly [K in keyof ErrorRecord]: ErrorRecord[K] };

export class ErrorRegistry {
  readonly #limit: number;
  /** By identity, the least recently seen first: once and not acknowledged, and all others. */
  readonly #single = new Map<string, Entry>();
  readonly #settled = new Map<string, Entry>();
  #dropped: Entry | null = null;
  /** Ids of what differs from what was taken. */
  readonly #touched = new Set<string>();

  constructor(records: readonly ErrorRecord[], limit = 1000) {
    this.#limit = limit;
    for (const record of records.toSorted((a, b) => a.lastSeen - b.lastSeen)) {
      const entry = { ...record };
      if (record.code === droppedCode) this.#dropped = entry;
      else this.#file(identity(record), entry);
    }
  }

  report(report: ErrorReport): void {
    const seen = { ...report, message: cutMessage(report.message) };
    const key = identity(seen);
    const known = this.#single.get(key) ?? this.#settled.get(key);
    if (known === undefined) this.#add(key, seen);
    else this.#seeAgain(key, known, seen);
  }

  /** False: no such error is kept. */
  acknowledge(id: string, by: string): boolean {
    for (const [key, entry] of this.#all()) {
      if (entry.id !== id) continue;
      entry.acknowledgedBy = by;
      this.#touched.add(id);
      if (key !== null) this.#file(key, entry);
      return true;
    }
    return false;
  }

  /** The most recently seen first. */
  list(limit: number): ErrorRecord[] {
    const entries = [...this.#all()].map(([, entry]) => ({ ...entry }));
    return entries.sort((a, b) => b.lastSeen - a.lastSeen).slice(0, limit);
  }

  /** What changed since the last call. */
  takeChanges(): ErrorChanges {
    if (this.#touched.size === 0) return { changed: [], removed: [] };
    const entries = [...this.#all()].map(([, entry]) => entry);
    const changed = entries
      .filter(({ id }) => this.#touched.has(id))
      .map((entry) => ({ ...entry }));
    for (const { id } of changed) this.#touched.delete(id);
    const removed = [...this.#touched];
    this.#touched.clear();
    return { changed, removed };
  }

  /** They could not be saved: take them again. */
  putBack(changes: ErrorChanges): void {
    for (const { id } of changes.changed) this.#touched.add(id);
    for (const id of changes.removed) this.#touched.add(id);
  }

  #add(key: string, report: ErrorReport): void {
    if (this.#single.size + this.#settled.size >= this.#limit) this.#dropOne(report);
    const { at, code, message, origin, source } = report;
    const id = hash('sha256', key).slice(0, 10);
    const seen = { count: 1, firstSeen: at, lastSeen: at, acknowledgedBy: null };
    this.#single.set(key, { id, code, message, origin, source, ...seen });
    this.#touched.add(id);
  }

  #seeAgain(key: string, entry: Entry, report: ErrorReport): void {
    entry.count += 1;
    entry.message = report.message;
    entry.firstSeen = Math.min(entry.firstSeen, report.at);
    entry.lastSeen = Math.max(entry.lastSeen, report.at);
    entry.acknowledgedBy = null;
    this.#touched.add(entry.id);
    this.#file(key, entry);
  }

  /** Puts it last, where it belongs. */
  #file(key: string, entry: Entry): void {
    this.#single.delete(key);
    this.#settled.delete(key);
    const single = entry.count === 1 && entry.acknowledgedBy === null;
    (single ? this.#single : this.#settled).set(key, entry);
  }

  #dropOne(by: ErrorReport): void {
    const fewSingle = this.#single.size <= this.#limit / 10 && this.#settled.size > 0;
    const from = fewSingle ? this.#settled : this.#single;
    for (const [key, entry] of from) {
      from.delete(key);
      this.#touched.add(entry.id);
      this.#countDropped(entry, by);
      return;
    }
  }

  #countDropped(victim: Entry, by: ErrorReport): void {
    this.#dropped ??= {
      id: hash('sha256', droppedCode).slice(0, 10),
      code: droppedCode,
      message: droppedMessage,
      origin: { service: null, instance: null, host: by.origin.host },
      source: 'daruma',
      count: 0,
      firstSeen: by.at,
      lastSeen: by.at,
      acknowledgedBy: null,
    };
    this.#dropped.count += victim.count;
    this.#dropped.lastSeen = Math.max(this.#dropped.lastSeen, by.at);
    this.#dropped.acknowledgedBy = null;
    this.#touched.add(this.#dropped.id);
  }

  *#all(): Iterable<readonly [string | null, Entry]> {
    yield* this.#single;
    yield* this.#settled;
    if (this.#dropped !== null) yield [null, this.#dropped];
  }
}
