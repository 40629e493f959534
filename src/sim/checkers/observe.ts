/** What is only observed is never touched. */
import type { Command } from '../../model/command.ts';
import { serviceOf } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import { isObserved } from '../outsider.ts';
import type { Checker, Scene } from '../scene.ts';

export class ObserveChecker implements Checker {
  readonly name = 'observe';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  record(record: LogRecord): void {
    if (record.kind !== 'action-begun') return;
    const planned = this.#scene.ledger.actions.get(record.action)?.planned;
    if (planned !== undefined && this.#isObserved(planned.target))
      this.#scene.complain(this.name, `${planned.kind} ${planned.target}, which is only observed`);
  }

  command(command: Command): void {
    if (command.kind !== 'start' && command.kind !== 'stop' && command.kind !== 'run') return;
    const target = command.kind === 'run' ? command.service : command.instance;
    if (this.#isObserved(target))
      this.#scene.complain(this.name, `${command.kind} ${target}, which is only observed`);
  }

  #isObserved(component: string): boolean {
    const service = this.#scene.service(serviceOf(component));
    return service !== null && isObserved(this.#scene.spec, service);
  }
}
