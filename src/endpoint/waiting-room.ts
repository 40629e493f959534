/**
 * Connections for which no instance is there just now. They are held for a short time instead of
 * refused, so that the restart of a single instance, or a new primary, costs its clients a moment,
 * not an error. Who came first is served first, however often he was led to somebody in vain.
 */
import type { ClientConnection } from './client-connection.ts';

export interface Arrival {
  readonly client: ClientConnection;
  /** When it came; of a clock that doesn't go back. */
  readonly sinceMs: number;
  /** Until when it may wait. Once it may wait for long, it may, whatever comes. */
  untilMs: number;
}

/** How many may wait, over all services of the process. */
export interface Seats {
  free: number;
}

const lookMs = 50;

export class WaitingRoom {
  readonly #seats: Seats;
  readonly #holdMs: () => number;
  readonly #tryNext: () => void;
  #waiting: Arrival[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** `tryNext` is called now and then while somebody waits. */
  constructor(seats: Seats, holdMs: () => number, tryNext: () => void) {
    this.#seats = seats;
    this.#holdMs = holdMs;
    this.#tryNext = tryNext;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** How long the first has waited. */
  get longestMs(): number {
    const [first] = this.#waiting;
    return first === undefined ? 0 : performance.now() - first.sinceMs;
  }

  /** Without a seat, or after its time, the connection is reset. */
  enter(arrival: Arrival): void {
    const { client, sinceMs } = arrival;
    if (client.hasGone) {
      client.socket.destroy();
      return;
    }
    arrival.untilMs = Math.max(arrival.untilMs, sinceMs + this.#holdMs());
    if (this.#seats.free === 0 || arrival.untilMs <= performance.now()) {
      client.socket.resetAndDestroy();
      return;
    }
    this.#seats.free--;
    const before = this.#waiting.findLastIndex((other) => other.sinceMs <= sinceMs);
    this.#waiting.splice(before + 1, 0, arrival);
    this.#timer ??= setInterval(() => this.#look(), lookMs);
  }

  /** The one that has waited longest. */
  next(): Arrival | null {
    const arrival = this.#waiting.shift() ?? null;
    if (arrival !== null) this.#seats.free++;
    if (this.isEmpty) this.#stop();
    return arrival;
  }

  /** Those of whom that is true. */
  take(which: (arrival: Arrival) => boolean): Arrival[] {
    const taken = this.#waiting.filter(which);
    if (taken.length === 0) return taken;
    this.#waiting = this.#waiting.filter((arrival) => !which(arrival));
    this.#seats.free += taken.length;
    if (this.isEmpty) this.#stop();
    return taken;
  }

  #look(): void {
    const all = this.#waiting;
    this.#seats.free += all.length;
    this.#waiting = [];
    for (const arrival of all) this.enter(arrival);
    if (this.isEmpty) this.#stop();
    else this.#tryNext();
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
