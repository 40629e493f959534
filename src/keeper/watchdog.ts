/**
 * Tells when somebody has been silent for too long. When our own loop slept in the meantime the
 * silence proves nothing, and a whole period is granted anew. The same goes for somebody who had no
 * processor. Neither goes on for ever: what runs in circles may have no processor either, and where
 * we sleep again and again nothing would be noticed any more.
 */

/** In a row. */
const excusesMax = 12;
/** Without a sign of life in between. */
const sleepsMax = 12;

export interface WatchdogOptions {
  readonly silentMs: number;
  /** How long to wait for the first sign of life. */
  readonly firstMs: number;
  /** Whether it lacked a processor since this was last asked, at a time by `performance.now`. */
  readonly isStarved: (now: number) => boolean;
  /** Called once. */
  readonly onSilent: () => void;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #tickMs: number;
  #deadline: number;
  /** Since the latest sign of life; null: it was not asked yet whether it is starved. */
  #excuses: number | null = null;
  /** Of our own loop, since the latest sign of life. */
  #sleeps = 0;
  #lastTick: number;
  #heard = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#tickMs = options.silentMs / 10;
    this.#lastTick = performance.now();
    this.#deadline = this.#lastTick + options.firstMs;
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
  }

  beat(): void {
    this.#heard = true;
    this.#excuses = null;
    this.#sleeps = 0;
    this.#deadline = performance.now() + this.#options.silentMs;
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
    if (slept) this.#sleeps += 1;
    if (slept && this.#sleeps <= sleepsMax) this.#grant(now);
    else if (now >= this.#deadline) this.#end(now);
    else if (now >= this.#deadline - this.#options.silentMs / 2) this.#watchClosely(now);
  }

  #grant(now: number): void {
    this.#deadline = Math.max(this.#deadline, now + this.#options.silentMs);
    this.#countWaits(now);
  }

  #watchClosely(now: number): void {
    if (this.#excuses === null) this.#countWaits(now);
  }

  /** From here on: the time in which it was not silent says nothing. */
  #countWaits(now: number): void {
    this.#options.isStarved(now);
    this.#excuses ??= 0;
  }

  #end(now: number): void {
    const { silentMs, isStarved, onSilent } = this.#options;
    const excuses = this.#excuses ?? 0;
    if (excuses < excusesMax && isStarved(now)) {
      this.#excuses = excuses + 1;
      this.#deadline = now + silentMs;
      return;
    }
    this.stop();
    onSilent();
  }
}
