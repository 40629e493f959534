/**
 * Follows the kernel's log (`/dev/kmsg`) where it may be read; elsewhere this is quiet. What was in
 * it before we began is passed over. Its events are moments, so the symptoms of the host that they
 * make end after a while without another.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type KernelEvent, parseKernelRecord } from '../detect/kernel-event.ts';
import { errorInfo } from '../model/errors.ts';
import { type Outlet, Symptoms } from './outlet.ts';

const recordBytesMax = 8_192;
const recordsAtOnceMax = 500;
const quietMs = { oom: 60_000, 'io-error': 300_000, 'read-only': 3_600_000 } as const;

export class KernelWatch {
  readonly #outlet: Outlet;
  readonly #host: Symptoms;
  /** True: the process belongs, or belonged a moment ago, to an instance that has been told. */
  readonly #instanceKilled: (pid: number, text: string) => boolean;
  readonly #buffer = Buffer.allocUnsafe(recordBytesMax);
  readonly #quietTimers = new Map<string, () => void>();
  #file: number | null;

  constructor(outlet: Outlet, instanceKilled: (pid: number, text: string) => boolean) {
    this.#outlet = outlet;
    this.#host = new Symptoms(outlet, `host:${outlet.host}`);
    this.#instanceKilled = instanceKilled;
    this.#file = openKernelLog();
    while (this.#readRecord() !== null);
  }

  /** To be called each second or so. */
  poll(): void {
    for (let count = 0; count < recordsAtOnceMax; count += 1) {
      const record = this.#readRecord();
      if (record === null) return;
      const event = parseKernelRecord(record);
      if (event !== null) this.#take(event);
    }
  }

  close(): void {
    for (const cancel of this.#quietTimers.values()) cancel();
    this.#closeFile();
  }

  #closeFile(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #readRecord(): string | null {
    while (this.#file !== null) {
      try {
        return this.#buffer.toString('utf8', 0, readSync(this.#file, this.#buffer));
      } catch (error) {
        const { code } = errorInfo(error);
        if (code === 'EAGAIN') return null;
        // EPIPE: records were overwritten before we came; the next read goes on after them.
        if (code !== 'EPIPE') this.#closeFile();
      }
    }
    return null;
  }

  #take(event: KernelEvent): void {
    if (event.kind === 'oom') {
      // Somebody else's cgroup at its own limit says nothing of this host.
      if (this.#instanceKilled(event.pid, event.text) || !event.whole) return;
    }
    if (event.kind === 'writable') this.#end('read-only');
    else this.#begin(event.kind, event.text);
  }

  #begin(kind: keyof typeof quietMs, text: string): void {
    const { clock } = this.#outlet;
    const evidence = `kernel: ${text}`;
    this.#host.begin({ name: kind, kind, began: clock.now(), evidence, faults: [] });
    this.#quietTimers.get(kind)?.();
    this.#quietTimers.set(
      kind,
      clock.after(quietMs[kind], () => this.#end(kind)),
    );
  }

  #end(kind: string): void {
    this.#quietTimers.get(kind)?.();
    this.#quietTimers.delete(kind);
    this.#host.end(kind);
  }
}

/** Null: there is none, or it is not for us. */
function openKernelLog(): number | null {
  try {
    return openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // Ordinary users and containers can't read it; such systems are watched without it.
    return null;
  }
}
