/** Tells a person how far a copy is: now and then, in bytes and per cent. */
const everyMs = 1_000;
const unit = 1024 * 1024;

export class CopyProgress {
  /** Ends the copy. */
  readonly signal: AbortSignal | undefined;
  readonly #what: string;
  readonly #tell: (text: string) => void;
  #totalBytes = 0;
  #doneBytes = 0;
  #toldAt = performance.now();

  constructor(what: string, tell: (text: string) => void, signal: AbortSignal | undefined) {
    this.signal = signal;
    this.#what = what;
    this.#tell = tell;
  }

  total(bytes: number): void {
    this.#totalBytes = bytes;
    this.#tell(`${this.#what}: ${mib(bytes)} MiB`);
  }

  copied(bytes: number): void {
    this.reached(this.#doneBytes + bytes, this.#totalBytes);
  }

  reached(doneBytes: number, totalBytes: number): void {
    this.#doneBytes = doneBytes;
    this.#totalBytes = totalBytes;
    const now = performance.now();
    if (now - this.#toldAt < everyMs) return;
    this.#toldAt = now;
    const share = Math.min(100, Math.floor((100 * doneBytes) / Math.max(1, totalBytes)));
    this.#tell(`${this.#what}: ${mib(doneBytes)} of ${mib(totalBytes)} MiB (${share} %)`);
  }

  done(): void {
    this.#tell(`${this.#what}: done, ${mib(this.#doneBytes)} MiB`);
  }
}

function mib(bytes: number): string {
  return (bytes / unit).toFixed(bytes < 10 * unit ? 1 : 0);
}
