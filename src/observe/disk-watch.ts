/**
 * Whether the disk is full on which an instance keeps its data: its processes, its checks and its
 * log may all look well, and yet it takes no write any more.
 *
 * Only of what is known to work in its data directory: what other programs work in says nothing.
 */
import { readlink, statfs } from 'node:fs/promises';
import type { WatchedInstance } from '../ports/observer.ts';
import type { Outlet, Symptoms } from './outlet.ts';

const name = 'disk';
const mebibyte = 2 ** 20;
/** Less than the log of a database needs for its next file. */
const fullBytes = 16 * mebibyte;
const roomBytes = 2 * fullBytes;

export class DiskWatch {
  readonly #outlet: Outlet;
  readonly #symptoms: Symptoms;
  /** The kernel's own link to it, which leads there wherever it was moved. */
  readonly #directory: string;
  #asking = false;

  /** Null: where its data lies is not known. */
  static of(
    outlet: Outlet,
    symptoms: Symptoms,
    { service, pid }: WatchedInstance,
  ): DiskWatch | null {
    if (service.driver !== 'postgres' || pid === null) return null;
    return new DiskWatch(outlet, symptoms, pid);
  }

  private constructor(outlet: Outlet, symptoms: Symptoms, pid: number) {
    this.#outlet = outlet;
    this.#symptoms = symptoms;
    this.#directory = `/proc/${pid}/cwd`;
  }

  /** In the background, once at a time: a dead disk may never answer. */
  sample(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#look().then(
      () => {
        this.#asking = false;
      },
      () => {
        // It has ended, or is another user's: nothing is known of its disk.
        this.#asking = false;
      },
    );
  }

  async #look(): Promise<void> {
    const { bavail, bsize } = await statfs(`${this.#directory}/.`);
    const freeBytes = bavail * bsize;
    const where = freeBytes < fullBytes ? await readlink(this.#directory) : '';
    if (freeBytes >= roomBytes) this.#symptoms.end(name);
    if (where === '' || this.#symptoms.holds(name)) return;
    const left = Math.floor(freeBytes / mebibyte);
    const evidence = `the disk of ${where} is full: ${left} MiB are left`;
    const began = this.#outlet.clock.now();
    this.#symptoms.begin({ name, kind: 'disk', began, evidence, faults: [] });
  }
}
