/** Measures the host: processor, memory, load, pressure and the disk of the state directory. */
import { statfs } from 'node:fs/promises';
import { type ProcessorTime, processorTime } from '../ports/processor-time.ts';
import type { Outlet } from './outlet.ts';
import { readProc } from './procfs.ts';

const diskMs = 5_000;

export class HostSampler {
  readonly #outlet: Outlet;
  readonly #stateDir: string;
  #before: ProcessorTime | null = null;
  #diskDueAt = 0;

  constructor(outlet: Outlet, stateDir: string) {
    this.#outlet = outlet;
    this.#stateDir = stateDir;
  }

  sample(now: number): void {
    this.#sampleCpu();
    this.#give('host.memory.available', availableBytes(readProc('/proc/meminfo')));
    this.#give('host.load1', firstNumber(readProc('/proc/loadavg')));
    for (const resource of ['cpu', 'memory', 'io']) {
      this.#give(`pressure.${resource}`, pressure(readProc(`/proc/pressure/${resource}`)));
    }
    if (now >= this.#diskDueAt) this.#sampleDisk(now);
  }

  #give(signal: string, value: number | null): void {
    if (value !== null) this.#outlet.measure(`host:${this.#outlet.host}`, signal, value);
  }

  #sampleCpu(): void {
    const now = processorTime(readProc('/proc/stat'));
    const before = this.#before;
    this.#before = now;
    if (now === null || before === null) return;
    const idleMs = now.idleMs - before.idleMs;
    // What was stolen was wanted: for whoever waits the processors are as busy.
    const busyMs = now.usedMs - before.usedMs + now.stolenMs - before.stolenMs;
    if (idleMs + busyMs > 0) this.#give('host.cpu', busyMs / (idleMs + busyMs));
  }

  /** Asked in the background, once at a time: a dead disk may never answer. */
  #sampleDisk(now: number): void {
    this.#diskDueAt = Number.POSITIVE_INFINITY;
    const done = (free: number | null): void => {
      this.#diskDueAt = now + diskMs;
      this.#give('host.disk.free', free);
    };
    statfs(this.#stateDir).then(
      ({ bavail, bsize }) => done(bavail * bsize),
      () => done(null),
    );
  }
}

/** «some avg10=1.50 …»: the share of the last 10 s in which some task waited. */
function pressure(text: string | null): number | null {
  const found = /^some avg10=([\d.]+)/m.exec(text ?? '');
  return found === null ? null : Number(found[1]) / 100;
}

function availableBytes(text: string | null): number | null {
  const found = /^MemAvailable:\s+(\d+) kB/m.exec(text ?? '');
  return found === null ? null : Number(found[1]) * 1_024;
}

function firstNumber(text: string | null): number | null {
  return text === null ? null : Number.parseFloat(text);
}
