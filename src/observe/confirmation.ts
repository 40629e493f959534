/** One answer to «is it healthy, now?», given once: by a check, or at the deadline. */
import type { CheckResult } from '../detect/health.ts';
import type { InstanceId } from '../model/ids.ts';
import { afterAwake } from './check.ts';
import type { Outlet } from './outlet.ts';

export class Confirmation {
  readonly #outlet: Outlet;
  readonly #instance: InstanceId;
  readonly #askNow: (answer: (result: CheckResult | null) => void) => () => void;
  readonly #timeoutMs: number;
  #cancelTimer: () => void = () => undefined;
  #cancelCheck: () => void = () => undefined;
  #done = false;

  constructor(
    outlet: Outlet,
    instance: InstanceId,
    timeoutMs: number,
    askNow: (answer: (result: CheckResult | null) => void) => () => void,
  ) {
    this.#outlet = outlet;
    this.#instance = instance;
    this.#timeoutMs = timeoutMs;
    this.#askNow = askNow;
    this.ask();
  }

  get done(): boolean {
    return this.#done;
  }

  /** Asks, or asks anew when what was under way proves nothing because we were paused. */
  ask(): void {
    if (this.#done) return;
    this.#cancelTimer();
    this.#cancelCheck();
    const { clock } = this.#outlet;
    this.#cancelTimer = afterAwake(clock, clock.now(), this.#timeoutMs, (slept) => {
      if (slept) this.ask();
      else this.answer(false, `no answer within ${this.#timeoutMs} ms`);
    });
    this.#cancelCheck = this.#askNow((result) => {
      if (result === null) this.ask();
      else this.answer(result.ok, result.ok ? 'health check passed' : result.text);
    });
  }

  answer(healthy: boolean, evidence: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelTimer();
    this.#outlet.tell({ kind: 'confirmed', instance: this.#instance, healthy, evidence });
  }
}
