/** Requests for which no instance is there just now, in the order in which they came. */
import type { Seats } from '../waiting-room.ts';
import type { Exchange } from './exchange.ts';

export class HoldingLine {
  readonly #seats: Seats;
  readonly #holdMs: () => number;
  #waiting: Exchange[] = [];

  constructor(seats: Seats, holdMs: () => number) {
    this.#seats = seats;
    this.#holdMs = holdMs;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** How long the first has waited. */
  longestMs(nowMs: number): number {
    return nowMs - (this.#waiting[0]?.waitsSinceMs ?? nowMs);
  }

  /** False: there is no seat, or its time is over. */
  enter(exchange: Exchange, nowMs: number): boolean {
    const sinceMs = exchange.waitsSinceMs ?? nowMs;
    exchange.waitsSinceMs = sinceMs;
    if (this.#seats.free === 0 || this.#untilMs(exchange, nowMs) <= nowMs) return false;
    this.#seats.free -= 1;
    const before = this.#waiting.findLastIndex((other) => (other.waitsSinceMs ?? 0) <= sinceMs);
    this.#waiting.splice(before + 1, 0, exchange);
    return true;
  }

  /** The one that has waited longest. */
  next(): Exchange | null {
    const exchange = this.#waiting.shift() ?? null;
    if (exchange !== null) this.#seats.free += 1;
    return exchange;
  }

  leave(exchange: Exchange): void {
    if (exchange.waitsSinceMs !== null) this.#take((one) => one === exchange);
  }

  /** Whose time is over. */
  late(nowMs: number): Exchange[] {
    return this.#take((exchange) => this.#untilMs(exchange, nowMs) <= nowMs);
  }

  /** Once it may wait for long, it may, whatever comes. */
  #untilMs(exchange: Exchange, nowMs: number): number {
    const untilMs = (exchange.waitsSinceMs ?? nowMs) + this.#holdMs();
    exchange.waitsUntilMs = Math.max(exchange.waitsUntilMs, untilMs);
    return exchange.waitsUntilMs;
  }

  #take(which: (exchange: Exchange) => boolean): Exchange[] {
    const taken = this.#waiting.filter(which);
    if (taken.length === 0) return taken;
    this.#waiting = this.#waiting.filter((exchange) => !which(exchange));
    this.#seats.free += taken.length;
    return taken;
  }
}
