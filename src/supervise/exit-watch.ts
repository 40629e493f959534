/**
 * Notices the end of processes that are not our children (adopted ones), without their status.
 *
 * Three ways, for each alone has a gap: the FIFO that the whole tree inherits comes to its end, and
 * the cgroup tells that it is empty, both at once, but only with the last process of the tree; a
 * look at `/proc` finds the main process gone while others live. All looks together are at most
 * `looksPerSecond`, whatever the number of processes.
 */
import { constants, openSync, watch } from 'node:fs';
import { Socket } from 'node:net';
import type { Clock } from '../ports/clock.ts';
import type { ProcessRef } from './proc.ts';
import { isAlive } from './proc.ts';
import { unless } from './system-error.ts';

const looksPerSecond = 200;
const intervalMsMin = 100;

interface Watched {
  readonly ref: ProcessRef;
  readonly ended: () => void;
  readonly socket: Socket | null;
  readonly events: { close(): void } | null;
}

export class ExitWatch {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `ended` once. `eventsFile`: of its cgroup. */
  add(ref: ProcessRef, fifo: string, eventsFile: string | null, ended: () => void): void {
    const look = () => this.#look(watched);
    const watched: Watched = {
      ref,
      ended,
      socket: openFifo(fifo, look),
      events: eventsFile === null ? null : watchFile(eventsFile, look),
    };
    this.#watched.add(watched);
    this.#cancel ??= this.#schedule();
  }

  #look(watched: Watched): void {
    if (!this.#watched.has(watched) || isAlive(watched.ref)) return;
    this.#forget(watched);
    watched.ended();
  }

  #schedule(): (() => void) | null {
    if (this.#watched.size === 0) return null;
    const intervalMs = Math.max(intervalMsMin, (this.#watched.size * 1000) / looksPerSecond);
    return this.#clock.after(intervalMs, () => {
      for (const watched of this.#watched) this.#look(watched);
      this.#cancel = this.#schedule();
    });
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched);
    watched.socket?.destroy();
    watched.events?.close();
  }

  close(): void {
    this.#cancel?.();
    for (const watched of this.#watched) this.#forget(watched);
  }
}

/** End of file: nobody has the FIFO open any more. */
function openFifo(path: string, ended: () => void): Socket | null {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const fd = unless(['ENOENT'], () => openSync(path, flags));
  if (fd === null) return null;
  const socket = new Socket({ fd, readable: true, writable: false });
  // On an error, as at the end, nothing more comes from here; the looks go on.
  socket.on('error', () => socket.destroy());
  socket.on('close', ended);
  socket.resume();
  socket.unref();
  return socket;
}

function watchFile(path: string, changed: () => void): { close(): void } | null {
  return unless(['ENOENT', 'ENODEV', 'ENOSPC', 'EMFILE'], () => {
    const watcher = watch(path, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  });
}
