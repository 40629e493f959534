/** Under maintenance nothing is begun by itself; what was begun before is brought to its end. */
import { serviceOf } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

export class MaintenanceChecker implements Checker {
  readonly name = 'maintenance';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  record(record: LogRecord): void {
    const begun = this.#scene.begun(record);
    if (begun === null) return;
    const { kind, target } = begun.planned;
    // To be put back is the end of having been taken out.
    if (kind === 'wait' || kind === 'put-back') return;
    if (this.#scene.ledger.maintained.has(serviceOf(target) ?? ''))
      this.#scene.complain(this.name, `${kind} ${target}, which is under maintenance`);
  }
}
