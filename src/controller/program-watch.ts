/**
 * While an instance needs a person, looks whether somebody mends its program, and tells.
 *
 * 1. A change is told once, and only when the files have been at rest from one look to the next: a
 *    file that is being written is not mended yet.
 * 2. What changes while the instance is tried is not told: the program may have written it itself.
 * 3. Changes that don't help are told ever more rarely, so that a file which changes all the time
 *    starts no storm.
 */
import { statSync } from 'node:fs';
import type { InstanceId } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';

export interface ProgramWatchOptions {
  readonly clock: Clock;
  /** What needs a person now. */
  readonly needy: () => readonly InstanceId[];
  /** The files that its program may be made of, whether they are there or not. */
  readonly files: (instance: InstanceId) => readonly string[];
  readonly onChanged: (instance: InstanceId) => void;
}

interface Watched {
  needy: boolean;
  /** The files as of the last try, and as of the last look. */
  tried: string;
  latest: string;
  told: number;
  /** Not told before this. */
  notBefore: number;
}

const everyMs = 500;
const restMs = 1_000;
const restMaxMs = 60_000;

export class ProgramWatch {
  readonly #options: ProgramWatchOptions;
  readonly #watched = new Map<InstanceId, Watched>();
  #cancel: (() => void) | null = null;

  constructor(options: ProgramWatchOptions) {
    this.#options = options;
  }

  /** Something may need a person since a moment ago; until nothing does, it goes on by itself. */
  look(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#lookAtAll();
    if (this.#watched.size === 0) return;
    this.#cancel = this.#options.clock.after(everyMs, () => this.look());
  }

  close(): void {
    this.#cancel?.();
  }

  #lookAtAll(): void {
    const now = this.#options.clock.now();
    const needy = new Set(this.#options.needy());
    for (const [instance, watched] of this.#watched) {
      if (needy.has(instance)) continue;
      watched.needy = false;
      if (now > watched.notBefore + restMaxMs) this.#watched.delete(instance);
    }
    for (const instance of needy) this.#lookAt(instance, now);
  }

  #lookAt(instance: InstanceId, now: number): void {
    const { files, onChanged } = this.#options;
    const found = files(instance).map(fingerprint).join();
    const watched = this.#watched.get(instance);
    if (watched?.needy !== true) {
      const rest = { told: watched?.told ?? 0, notBefore: watched?.notBefore ?? now };
      this.#watched.set(instance, { needy: true, tried: found, latest: found, ...rest });
      return;
    }
    const atRest = found === watched.latest;
    watched.latest = found;
    if (!atRest || found === watched.tried || now < watched.notBefore) return;
    watched.tried = found;
    watched.notBefore = now + Math.min(restMaxMs, restMs * 2 ** watched.told);
    watched.told += 1;
    onChanged(instance);
  }
}

/** Changes with a file's content, name and mode; a directory's comings and goings don't count. */
function fingerprint(path: string): string {
  try {
    const stat = statSync(path);
    return stat.isFile() ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.ctimeMs}` : '';
  } catch {
    // Whatever keeps us from seeing it: when that changes, it is worth a try.
    return '';
  }
}
