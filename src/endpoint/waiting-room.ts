/**
 * Connections for which no instance is there just now. They are held for a short time instead of
 * refused, so that the restart of a single instance costs its clients a moment, not an error.
 */
import type { ClientConnection } from './client-connection.ts';

export interface Arrival {
  readonly client: ClientConnection;
  /** Until when it may wait; null: it hasn't waited yet. */
  waitsUntil: number | null;
}

/** How many may wait, over all services of the process. */
export interface Seats {
  free: number;
}

const lookMs = 50;

export class WaitingRoom {
  readonly #seats: Seats;
  readonly #holdMs: number;
  readonly #tryNext: () => void;
  #waiting: Arrival[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** `tryNext` is called now and then while somebody waits. */
  constructor(seats: Seats, holdMs: number, tryNext: () => void) {
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

  /** Without a seat, or after its time, the connection is reset. */
  enter(arrival: Arrival): void {
    const now = performance.now();
    arrival.waitsUntil ??= now + this.#holdMs;
    if (this.#seats.free === 0 || arrival.waitsUntil <= now) {
      arrival.client.socket.resetAndDestroy();
      return;
    }
    this.#seats.free--;
    this.#waiting.push(arrival);
    this.#timer ??= setInterval(() => this.#look(), lookMs);
  }

  /** The one that has waited longest. */
  next(): Arrival | null {
    const arrival = this.#waiting.shift() ?? null;
    if (arrival !== null) this.#seats.free++;
    if (this.isEmpty) this.#stop();
    return arrival;
  }

  all(): Arrival[] {
    const all = this.#waiting;
    this.#seats.free += all.length;
    this.#waiting = [];
    this.#stop();
    return all;
  }

  #look(): void {
    for (const arrival of this.all()) {
      if (!arrival.client.socket.destroyed) this.enter(arrival);
    }
    if (!this.isEmpty) this.#tryNext();
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
