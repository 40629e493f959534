/** A log line alone restarts nothing. */
import { isInstance } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

export class LogAloneChecker implements Checker {
  readonly name = 'log-alone';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  record(record: LogRecord): void {
    const begun = this.#scene.begun(record);
    if (begun === null || !isInstance(begun.planned.target)) return;
    const { kind, target } = begun.planned;
    if (kind !== 'restart' && kind !== 'run' && kind !== 'take-out') return;
    const { phase } = this.#scene.ledger.instance(target);
    const seen = this.#scene.ledger.symptomsAt(target);
    const alive = phase === 'running' || phase === 'ready';
    if (alive && seen.length > 0 && seen.every((one) => one.kind === 'log'))
      this.#scene.complain(this.name, `${kind} ${target} for a log line`);
  }
}
