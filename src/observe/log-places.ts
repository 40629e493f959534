/**
 * How far the log of each run was matched against patterns, so that the controller that comes after
 * a death of this one goes on there.
 *
 * 1. A file, renamed into place at most each `saveEveryMs` and when we end, whatever is printed. It
 *    need not outlive the machine's power: no run does.
 * 2. It errs towards twice, not towards never: what was matched since the last save is matched
 *    again after a kill. What could not be saved, as on a full disk, adds to that. (The counts of
 *    error records are saved on a clock of their own: a kill may lose what it just added to them.)
 * 3. It holds the runs that are watched and no others.
 */
import { rename, writeFile } from 'node:fs/promises';
import type { InstanceId } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';

const saveEveryMs = 500;

interface Followed {
  /** Tells one run of an instance from another. */
  readonly startedAt: number;
  /** Offset after the last byte that was matched. */
  readonly matched: () => number;
}

/** By instance: start of the run, and offset. */
type Places = Partial<Record<InstanceId, readonly [startedAt: number, offset: number]>>;

export class LogPlaces {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #found: Places;
  readonly #followed = new Map<InstanceId, Followed>();
  #saved: string | null = null;
  #saving: Promise<void> = Promise.resolve();
  #cancel: (() => void) | null = null;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    this.#found = (readJsonFile(file) as Places | null) ?? {};
  }

  /** Where an earlier controller left off with this run; null: it did not follow it. */
  leftOff(instance: InstanceId, startedAt: number): number | null {
    const [run, offset] = this.#found[instance] ?? [];
    return run === startedAt && offset !== undefined ? offset : null;
  }

  follow(instance: InstanceId, followed: Followed): void {
    this.#followed.set(instance, followed);
    this.#cancel ??= this.#clock.after(saveEveryMs, () => this.#save());
  }

  forget(instance: InstanceId): void {
    this.#followed.delete(instance);
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const text = this.#text();
    await this.#saving;
    try {
      if (text !== this.#saved) replaceFile(this.#file, text);
    } catch {
      // See the second invariant.
    }
  }

  #text(): string {
    const places: Places = {};
    for (const [instance, { startedAt, matched }] of this.#followed) {
      places[instance] = [startedAt, matched()];
    }
    return JSON.stringify(places);
  }

  /** Not in one call, as the disk may be slow. */
  #save(): void {
    const text = this.#text();
    if (text !== this.#saved) this.#saving = this.#write(text);
    void this.#saving.then(() => {
      if (this.#cancel !== null) this.#cancel = this.#clock.after(saveEveryMs, () => this.#save());
    });
  }

  async #write(text: string): Promise<void> {
    const temporary = `${this.#file}.new`;
    try {
      await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, this.#file);
      this.#saved = text;
    } catch {
      // It is tried again in a while: see the second invariant.
    }
  }
}
