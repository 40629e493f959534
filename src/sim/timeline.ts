/**
 * Virtual time: a heap of events ordered by (due, sequence); time jumps to the next one. After an
 * event all promises and immediates that it set going come to rest before the next, so the shell's
 * real code, which awaits, runs deterministically.
 */
interface Entry {
  readonly due: number;
  readonly order: number;
  action: (() => Promise<void> | undefined) | null;
}

export class Timeline {
  /** True time, in milliseconds from the beginning of the run. */
  now = 0;
  /** Events so far. */
  count = 0;
  readonly #heap: Entry[] = [];
  #order = 0;
  #restless = false;

  /** Returns how to cancel. */
  after(delayMs: number, action: () => Promise<void> | undefined): () => void {
    const entry: Entry = { due: this.now + Math.max(0, delayMs), order: this.#order, action };
    this.#order += 1;
    this.#push(entry);
    return () => {
      entry.action = null;
    };
  }

  /** Something asynchronous was set going: let it come to rest before the next event. */
  disturb(): void {
    this.#restless = true;
  }

  /** Until `end`, or until `done` says so, which is asked after each event. */
  async run(end: number, done: () => boolean): Promise<void> {
    for (;;) {
      if (this.#restless) await this.#rest();
      if (done()) return;
      const entry = this.#pop();
      if (entry === undefined || entry.due > end) {
        if (entry !== undefined) this.#push(entry);
        this.now = Math.max(this.now, end);
        return;
      }
      if (entry.action === null) continue;
      this.now = entry.due;
      this.count += 1;
      const underWay = entry.action();
      if (underWay !== undefined) await underWay;
    }
  }

  async #rest(): Promise<void> {
    this.#restless = false;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#sink(last);
    return first;
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const useRight = right !== undefined && isBefore(right, left);
      const child = useRight ? right : left;
      if (!isBefore(child, entry)) break;
      heap[index] = child;
      index = 2 * index + (useRight ? 2 : 1);
    }
    heap[index] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
