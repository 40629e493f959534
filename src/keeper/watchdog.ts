/**
 * Tells when somebody has been silent for too long. When our own loop slept in the meantime the
 * silence proves nothing, and a whole period is granted anew.
 */
export class Watchdog {
  readonly #onSilent: () => void;
  readonly #silentMs: number;
  readonly #tickMs: number;
  #deadline: number;
  #lastTick: number;
  #heard = false;
  readonly #timer: NodeJS.Timeout;

  /** `firstMs`: how long to wait for the first sign of life. `onSilent` is called once. */
  constructor(silentMs: number, firstMs: number, onSilent: () => void) {
    this.#onSilent = onSilent;
    this.#silentMs = silentMs;
    this.#tickMs = silentMs / 10;
    this.#lastTick = performance.now();
    this.#deadline = this.#lastTick + firstMs;
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
  }

  beat(): void {
    this.#heard = true;
    this.#deadline = performance.now() + this.#silentMs;
  }

  get heardLately(): boolean {
    return this.#heard && performance.now() < this.#deadline;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    const slept = now - this.#lastTick > 3 * this.#tickMs;
    this.#lastTick = now;
    if (slept) {
      this.#deadline = Math.max(this.#deadline, now + this.#silentMs);
    } else if (now >= this.#deadline) {
      this.stop();
      this.#onSilent();
    }
  }
}
