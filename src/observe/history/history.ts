/**
 * How signals went: an hour of each second and a week of each minute, in files of the state
 * directory. 4 bytes per value, and room for signals that come later: 20 signals take 0.7 MB for
 * the hour and 1.8 MB for the week (measured).
 *
 * 1. Writing never holds anybody up: a moment at which the last one is still being written is left
 *    out, and so is one that can't be written.
 * 2. What is kept is bounded by time and by a number of signals; more of them are not kept.
 */
import type { ComponentId } from '../../model/ids.ts';
import { serviceOf } from '../../model/ids.ts';
import type { SignalName } from '../../model/sample.ts';
import type { HistoryQuery, SignalSeries } from '../../model/signal-history.ts';
import type { Column } from './segment.ts';
import { Track } from './track.ts';

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const minuteMs = 60_000;
const columnsMax = 20_000;

export class SignalHistory {
  readonly #seconds: Track;
  readonly #minutes: Track;
  readonly #log: (text: string) => void;
  readonly #columns: Column[] = [];
  readonly #indexes = new Map<ComponentId, Map<SignalName, number>>();
  #values = new Float64Array(64);
  #sums = new Float64Array(64);
  #counts = new Uint32Array(64);
  #minute = Number.NaN;
  /** The index after the latest one that was looked up. */
  #next = 0;
  #busy = false;
  #closed = false;
  #failing = false;

  constructor(dir: string, log: (text: string) => void) {
    this.#seconds = new Track({ dir, name: 'second', rowsPerSegment: 600, keepMs: hourMs });
    this.#minutes = new Track({ dir, name: 'minute', rowsPerSegment: 1_440, keepMs: weekMs });
    this.#log = log;
  }

  /** Takes one moment: `each` calls back with every signal that there is. Returns when it is
   * written, or was left out. */
  async take(
    at: number,
    each: (visit: (component: ComponentId, signal: SignalName, value: number) => void) => void,
  ): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#closeMinute(at);
      this.#values.fill(Number.NaN);
      each((component, signal, value) => this.#set(component, signal, value));
      await this.#seconds.add(at, this.#values, this.#columns);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#log(`signals are not kept: ${String(error)}`);
      this.#failing = true;
    } finally {
      this.#busy = false;
      if (this.#closed) await this.close();
    }
  }

  /** What is being written may outlast it: nobody waits for a disk that never answers. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#busy) return;
    this.#busy = true;
    await Promise.allSettled([this.#seconds.close(), this.#minutes.close()]);
  }

  /** By the second where it is that young, else by the minute. */
  async read(query: HistoryQuery, now: number): Promise<readonly SignalSeries[]> {
    const { of, signals, from, to } = query;
    const found = new Map<string, SignalSeries & { points: [number, number][] }>();
    const track = from >= now - hourMs ? this.#seconds : this.#minutes;
    await track.read(
      from,
      to,
      ([component, signal]) =>
        (component === of || serviceOf(component) === of) && (signals?.includes(signal) ?? true),
      ([component, signal], at, value) => {
        const key = `${component} ${signal}`;
        const series = found.get(key) ?? { component, signal, points: [] };
        found.set(key, series);
        series.points.push([at, value]);
      },
    );
    return [...found.values()];
  }

  #set(component: ComponentId, signal: SignalName, value: number): void {
    const index = this.#indexOf(component, signal);
    if (index === null) return;
    this.#values[index] = value;
    this.#sums[index] = (this.#sums[index] ?? 0) + value;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  #indexOf(component: ComponentId, signal: SignalName): number | null {
    // They come in the order in which they came first, but for the few that are no more.
    const next = this.#columns[this.#next];
    const follows = next !== undefined && next[0] === component && next[1] === signal;
    const index = follows ? this.#next : this.#lookUp(component, signal);
    this.#next = (index ?? -1) + 1;
    return index;
  }

  #lookUp(component: ComponentId, signal: SignalName): number | null {
    const signals = this.#indexes.get(component) ?? new Map<SignalName, number>();
    this.#indexes.set(component, signals);
    const known = signals.get(signal);
    if (known !== undefined) return known;
    const index = this.#columns.length;
    if (index >= columnsMax) return null;
    signals.set(signal, index);
    this.#columns.push([component, signal]);
    if (index >= this.#values.length) this.#grow();
    return index;
  }

  #grow(): void {
    const length = 2 * this.#values.length;
    const values = new Float64Array(length).fill(Number.NaN);
    values.set(this.#values);
    const sums = new Float64Array(length);
    sums.set(this.#sums);
    const counts = new Uint32Array(length);
    counts.set(this.#counts);
    [this.#values, this.#sums, this.#counts] = [values, sums, counts];
  }

  async #closeMinute(at: number): Promise<void> {
    const minute = Math.floor(at / minuteMs);
    if (minute === this.#minute) return;
    const isFirst = Number.isNaN(this.#minute);
    const begins = this.#minute * minuteMs;
    this.#minute = minute;
    const means = this.#sums.map((sum, index) => sum / (this.#counts[index] ?? 0));
    this.#sums.fill(0);
    this.#counts.fill(0);
    if (!isFirst) await this.#minutes.add(begins, means, this.#columns);
  }
}
