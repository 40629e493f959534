/** What the processors of this machine did, as the kernel counts it (proc_stat(5)). */

/** USER_HZ, fixed on Linux. */
const msPerTick = 10;

/** Of all of them together, since the machine began. */
export interface ProcessorTime {
  readonly usedMs: number;
  readonly idleMs: number;
  /** Wanted, and kept by the host of this virtual machine for others. */
  readonly stolenMs: number;
}

/** Of the text of `/proc/stat`; its first line is `cpu user nice system idle iowait irq softirq
 * steal …`. Null: it is not known. */
export function processorTime(text: string | null): ProcessorTime | null {
  const fields = text?.slice(0, text.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
  if (fields === undefined || fields.length < 8 || fields.some(Number.isNaN)) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
    fields;
  return {
    usedMs: msPerTick * (user + nice + system + irq + softirq),
    idleMs: msPerTick * (idle + iowait),
    stolenMs: msPerTick * steal,
  };
}
