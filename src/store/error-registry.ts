/**
 * Error records in memory: happenings in, distinct errors with their counts out. Knows nothing of
 * clock or disk.
 *
 * 1. At most `limit` distinct errors are kept, and one more that counts the happenings of those
 *    that were dropped.
 * 2. Dropped first are errors seen once that nobody has acknowledged or muted, the one not seen for
 *    longest before the others; but a share of the places stays theirs, so that among many repeated
 *    errors a new one can still show itself to be one.
 * 3. The count of a kept error is exact since it was first seen or last dropped.
 * 4. Stacks and single happenings are in memory only until they are saved, `occurrencesKept` of
 *    each error at most.
 */
import { hash } from 'node:crypto';
import { fingerprint } from '../model/error-fingerprint.ts';
import type {
  ErrorLink,
  ErrorMark,
  ErrorOccurrence,
  ErrorOrigin,
  ErrorRecord,
  ErrorReport,
} from '../model/error-record.ts';
import { counted, noTrend, trendAt } from '../model/error-trend.ts';
import { type ComponentId, serviceOf } from '../model/ids.ts';
import type { Store } from '../ports/store.ts';

/** Of one error; older ones are forgotten. */
export const occurrencesKept = 20;
export const messageLengthMax = 2_000;
const shortMessageMax = 200;
const stackLengthMax = 6_000;
const linksKept = 5;

export const droppedCode = 'ERRORS_DROPPED';
const droppedMessage = 'happenings of rare errors that are no longer kept one by one';

export interface ChangedError {
  readonly record: ErrorRecord;
  /** Null: as it was. */
  readonly stack: string | null;
  /** Those that are not saved yet, oldest first. */
  readonly occurrences: readonly ErrorOccurrence[];
}

export interface ErrorChanges {
  readonly changed: readonly ChangedError[];
  /** Ids. */
  readonly removed: readonly string[];
}

type Entry = { -readonly [K in keyof ErrorRecord]: ErrorRecord[K] };

interface Unsaved {
  stack: string | null;
  occurrences: ErrorOccurrence[];
}

export class ErrorRegistry {
  readonly #limit: number;
  /** By id, the least recently seen first: once and left alone by people, and all others. */
  readonly #single = new Map<string, Entry>();
  readonly #settled = new Map<string, Entry>();
  #dropped: Entry | null = null;
  /** What differs from what was taken, by id. */
  readonly #touched = new Map<string, Unsaved>();

  constructor(records: readonly ErrorRecord[], limit = 1_000) {
    this.#limit = limit;
    for (const record of records.toSorted((a, b) => a.lastSeen - b.lastSeen)) {
      const entry = { ...record };
      if (record.code === droppedCode) this.#dropped = entry;
      else this.#file(entry);
    }
  }

  report(report: ErrorReport): void {
    const id = errorId(report);
    const known = this.#single.get(id) ?? this.#settled.get(id);
    const entry = known ?? this.#add(id, report);
    if (known !== undefined) seeAgain(entry, report);
    entry.trend = counted(entry.trend, report.at);
    if (report.incident !== undefined) {
      link(entry, { incident: report.incident, at: report.at, log: report.log ?? null });
    }
    this.#file(entry);
    this.#keepHappening(id, report);
  }

  /** False: no such error is kept. `at`: now. */
  mark(id: string, mark: ErrorMark, by: string, at: number): boolean {
    const entry = this.#find(id);
    if (entry === null) return false;
    if (mark.kind === 'acknowledge') entry.acknowledgedBy = by;
    else entry.muted = mark.kind === 'mute' ? { by, at, until: mark.until } : null;
    this.#touch(id);
    if (entry !== this.#dropped) this.#file(entry);
    return true;
  }

  /** What was last seen of its component since the incident began belongs to it. */
  linkTo({ incident, component, since }: Parameters<Store['linkErrors']>[0]): void {
    for (const entry of this.#all()) {
      const { origin, lastSeen, log } = entry;
      if (lastSeen < since || !isAt(origin, component)) continue;
      if (link(entry, { incident, at: lastSeen, log })) this.#touch(entry.id);
    }
  }

  /** Null: it is not kept. */
  one(id: string, now: number): ErrorRecord | null {
    const entry = this.#find(id);
    return entry === null ? null : this.#seenFrom(now, entry);
  }

  /** Happenings that were not saved yet, and the stack of the latest that has one. */
  unsaved(id: string): Omit<ChangedError, 'record'> {
    return this.#touched.get(id) ?? { stack: null, occurrences: [] };
  }

  /** The most recently seen first. */
  list(limit: number, now: number): ErrorRecord[] {
    const entries = [...this.#all()].map((entry) => this.#seenFrom(now, entry));
    return entries.sort((a, b) => b.lastSeen - a.lastSeen).slice(0, limit);
  }

  /** What changed since the last call. */
  takeChanges(): ErrorChanges {
    const changed: ChangedError[] = [];
    const removed: string[] = [];
    for (const [id, unsaved] of this.#touched) {
      const entry = this.#find(id);
      if (entry === null) removed.push(id);
      else changed.push({ record: { ...entry }, ...unsaved });
    }
    this.#touched.clear();
    return { changed, removed };
  }

  /** They could not be saved: take them again. */
  putBack({ changed, removed }: ErrorChanges): void {
    for (const { record, stack, occurrences } of changed) {
      const unsaved = this.#touch(record.id);
      unsaved.stack ??= stack;
      unsaved.occurrences = [...occurrences, ...unsaved.occurrences].slice(-occurrencesKept);
    }
    for (const id of removed) this.#touch(id);
  }

  #add(id: string, report: ErrorReport): Entry {
    if (this.#single.size + this.#settled.size >= this.#limit) this.#dropOne(report);
    const { at, code, message, origin, source, release = null, log = null } = report;
    const seen = { count: 1, firstSeen: at, lastSeen: at, trend: noTrend(at) };
    const left = { incidents: [], acknowledgedBy: null, muted: null };
    return {
      id,
      code,
      message: cutMessage(message),
      origin,
      source,
      release,
      log,
      ...seen,
      ...left,
    };
  }

  #keepHappening(id: string, { at, message, stack, ...report }: ErrorReport): void {
    const unsaved = this.#touch(id);
    if (stack !== undefined) unsaved.stack = cut(stack, stackLengthMax);
    const { release, incident, log, origin } = report;
    unsaved.occurrences.push({
      at,
      message: cut(message, shortMessageMax),
      ...(origin.role === undefined ? {} : { role: origin.role }),
      ...(release === undefined ? {} : { release }),
      ...(incident === undefined ? {} : { incident }),
      ...(log === undefined ? {} : { log }),
    });
    if (unsaved.occurrences.length > occurrencesKept) unsaved.occurrences.shift();
  }

  #touch(id: string): Unsaved {
    const known = this.#touched.get(id) ?? { stack: null, occurrences: [] };
    this.#touched.set(id, known);
    return known;
  }

  #find(id: string): Entry | null {
    if (this.#dropped?.id === id) return this.#dropped;
    return this.#single.get(id) ?? this.#settled.get(id) ?? null;
  }

  /** A mute whose time has come is over. */
  #seenFrom(now: number, entry: Entry): ErrorRecord {
    const until = entry.muted?.until ?? null;
    if (until !== null && until <= now) {
      entry.muted = null;
      this.#touch(entry.id);
    }
    return { ...entry, trend: trendAt(entry.trend, now) };
  }

  /** Puts it last, where it belongs. */
  #file(entry: Entry): void {
    this.#single.delete(entry.id);
    this.#settled.delete(entry.id);
    const alone = entry.acknowledgedBy === null && entry.muted === null;
    (entry.count === 1 && alone ? this.#single : this.#settled).set(entry.id, entry);
  }

  #dropOne(by: ErrorReport): void {
    const fewSingle = this.#single.size <= this.#limit / 10 && this.#settled.size > 0;
    const from = fewSingle ? this.#settled : this.#single;
    for (const [id, entry] of from) {
      from.delete(id);
      this.#touched.set(id, { stack: null, occurrences: [] });
      this.#countDropped(entry, by);
      return;
    }
  }

  #countDropped(victim: Entry, { at, origin }: ErrorReport): void {
    const dropped = this.#dropped ?? droppedSince(at, origin.host);
    this.#dropped = dropped;
    dropped.count += victim.count;
    dropped.lastSeen = Math.max(dropped.lastSeen, at);
    dropped.trend = counted(dropped.trend, at);
    dropped.acknowledgedBy = null;
    this.#touch(dropped.id);
  }

  *#all(): Iterable<Entry> {
    yield* this.#single.values();
    yield* this.#settled.values();
    if (this.#dropped !== null) yield this.#dropped;
  }
}

/** Follows from the fingerprint, so that an error that was dropped and comes back has it again. */
export function errorId(error: Parameters<typeof fingerprint>[0]): string {
  return hash('sha256', fingerprint(error)).slice(0, 10);
}

export function cutMessage(message: string): string {
  return cut(message, messageLengthMax);
}

/** A copy: a slice would keep the whole text in memory. */
function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return Buffer.from(`${text.slice(0, lengthMax - 1)}…`).toString();
}

function seeAgain(entry: Entry, report: ErrorReport): void {
  entry.count += 1;
  entry.message = cutMessage(report.message);
  entry.firstSeen = Math.min(entry.firstSeen, report.at);
  entry.acknowledgedBy = null;
  entry.release = report.release ?? entry.release;
  if (report.at < entry.lastSeen) return;
  entry.lastSeen = report.at;
  entry.origin = report.origin;
  entry.log = report.log ?? null;
}

/** False: it was there already. */
function link(entry: Entry, added: ErrorLink): boolean {
  if (entry.incidents.some(({ incident }) => incident === added.incident)) return false;
  entry.incidents = [added, ...entry.incidents].slice(0, linksKept);
  return true;
}

function isAt({ instance, service }: ErrorOrigin, component: ComponentId): boolean {
  if (instance === component) return true;
  return (
    service !== null &&
    (component === service || (instance === null && serviceOf(component) === service))
  );
}

function droppedSince(at: number, host: string): Entry {
  return {
    id: hash('sha256', droppedCode).slice(0, 10),
    code: droppedCode,
    message: droppedMessage,
    origin: { service: null, instance: null, host },
    source: 'daruma',
    release: null,
    count: 0,
    firstSeen: at,
    lastSeen: at,
    trend: noTrend(at),
    incidents: [],
    log: null,
    acknowledgedBy: null,
    muted: null,
  };
}
