/**
 * Whether an instance answers, told from requests alone.
 *
 *   in ──silent: 3 requests, no byte for its patience──▶ out ──a byte, the controller's word──▶ in
 *   in ──refuses a connection──────────────────────────▶ out
 *
 * While it is out, now and then one request that may be repeated is its probe.
 */
import { Latencies } from './latency.ts';

/** Nobody's silence is told from a pause of the machine in less. */
const shortestPatienceMs = 80;
const patienceFactor = 3;
/** Until it has answered often enough to have a usual. */
const firstPatienceMs = 300;
const usualCount = 20;
const learnEveryMs = 500;
/** With `learnEveryMs`, what was ten seconds ago counts by a third. */
const fadeFactor = 0.95;
const silentRequests = 3;
/** What was sent to an instance that has been out for its silence since then is given up. */
const lostMs = 5_000;
const firstOutMs = 100;
const longestOutMs = 5_000;

export class Liveness {
  readonly #usual = new Latencies();
  #patienceMs = firstPatienceMs;
  #learnedAtMs = 0;
  #unanswered = 0;
  #silentSinceMs = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #outMs = 0;
  #probeAtMs = 0;
  #outForSilence = false;

  /** How long one waits for a first byte before another instance is asked as well. */
  get patienceMs(): number {
    return this.#patienceMs;
  }

  get isOut(): boolean {
    return this.#outMs > 0;
  }

  /** When it may be tried again, while it is out. */
  get probeAtMs(): number {
    return this.#probeAtMs;
  }

  /**
   * Whether a request may be its probe. What an instance is silent about can't be sent elsewhere
   * unless it is `repeatable`, so others wait until the health checks have had their say.
   */
  mayProbe(nowMs: number, repeatable: boolean): boolean {
    const anyone = repeatable || !this.#outForSilence;
    return this.isOut && nowMs >= this.#probeAtMs + (anyone ? 0 : longestOutMs);
  }

  sent(nowMs: number): void {
    if (this.#unanswered === 0) this.#silentSinceMs = nowMs;
    this.#unanswered += 1;
  }

  /** The first byte of an answer came, `tookMs` after its request was sent. */
  answered(nowMs: number, tookMs: number): void {
    this.#unanswered = 0;
    this.#answeredAtMs = nowMs;
    this.#usual.add(tookMs);
    if (this.#outMs > 0) this.forgive();
    if (nowMs - this.#learnedAtMs > learnEveryMs) this.#learn(nowMs);
  }

  /** No byte has come since the first of several requests was sent, for longer than is usual. */
  isSilent(nowMs: number): boolean {
    const silentMs = nowMs - this.#silentSinceMs;
    return this.#unanswered >= silentRequests && silentMs > this.#patienceMs;
  }

  /** Nobody need wait any longer for an answer to what was sent at `sentAtMs`. */
  hasLost(sentAtMs: number, nowMs: number): boolean {
    return this.isOut && this.#outForSilence && nowMs - sentAtMs > lostMs;
  }

  /** It has answered since the other fell silent: so that is not because all are slow. */
  outlived(other: Liveness): boolean {
    return !this.isOut && this.#answeredAtMs > other.#silentSinceMs;
  }

  /** Others are tried first for a while, longer each time. */
  putOut(nowMs: number, why: 'silent' | 'refused'): void {
    this.#outForSilence = why === 'silent';
    this.probed(nowMs);
  }

  /** Its next probe comes later than the last. */
  probed(nowMs: number): void {
    this.#outMs = Math.min(longestOutMs, Math.max(firstOutMs, this.#outMs * 2));
    this.#probeAtMs = nowMs + this.#outMs;
  }

  forgive(): void {
    this.#outMs = 0;
    this.#unanswered = 0;
  }

  #learn(nowMs: number): void {
    this.#learnedAtMs = nowMs;
    if (this.#usual.total >= usualCount) {
      const usualMs = this.#usual.quantile(0.99) ?? 0;
      this.#patienceMs = Math.max(shortestPatienceMs, patienceFactor * usualMs);
    }
    this.#usual.fade(fadeFactor);
  }
}
