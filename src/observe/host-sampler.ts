/** Measures the host: processor, memory, load, pressure and the disk of the state directory. */
import { statfs } from 'node:fs/promises';
import type { Outlet } from './outlet.ts';
import { readProc } from './procfs.ts';

const diskMs = 5_000;

export class HostSampler {
  readonly #outlet: Outlet;
  readonly #stateDir: string;
  #before: CpuTimes | null = null;
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
    const times = cpuTimes(readProc('/proc/stat'));
    const before = this.#before;
    this.#before = times;
    if (times === null || before === null || times.total <= before.total) return;
    this.#give('host.cpu', 1 - (times.idle - before.idle) / (times.total - before.total));
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

interface CpuTimes {
  readonly total: number;
  readonly idle: number;
}

/** `cpu user nice system idle iowait irq softirq steal …`: the first line of /proc/stat. */
function cpuTimes(text: string | null): CpuTimes | null {
  const fields = text?.slice(0, text.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
  if (fields === undefined || fields.length < 5 || fields.some(Number.isNaN)) return null;
  const total = fields.reduce((sum, ticks) => sum + ticks, 0);
  return { total, idle: (fields[3] ?? 0) + (fields[4] ?? 0) };
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
