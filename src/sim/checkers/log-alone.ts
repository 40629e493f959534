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
    if (record.kind !== 'action-begun' || record.incident === null) return;
    const planned = this.#scene.ledger.actions.get(record.action)?.planned;
    if (planned === undefined || !isInstance(planned.target)) return;
    const { kind, target } = planned;
    if (kind !== 'restart' && kind !== 'run' && kind !== 'take-out') return;
    const { phase } = this.#scene.ledger.instance(target);
    const seen = this.#scene.ledger.symptomsAt(target);
    const alive = phase === 'running' || phase === 'ready';
    if (alive && seen.length > 0 && seen.every((one) => one.kind === 'log'))
      this.#scene.complain(this.name, `${kind} ${target} for a log line`);
  }
}
