/** What is destructive is only done where the stack file allows it or a person consented. */
import type { Command } from '../../model/command.ts';
import type { ActionId } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

export class ConsentChecker implements Checker {
  readonly name = 'consent';
  readonly #scene: Scene;
  /** Begun while somebody consented; who takes that back later is too late. */
  readonly #consented = new Set<ActionId>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  record(record: LogRecord): void {
    const begun = this.#scene.begun(record);
    if (begun?.incident?.consented === true) this.#consented.add(begun.planned.action);
  }

  command(command: Command): void {
    if (command.kind !== 'run') return;
    const service = this.#scene.service(command.service);
    const action = service?.actions.find((one) => one.name === command.name);
    if (action?.destructive === false || service?.recovery.allow.includes(command.name)) return;
    if (!this.#consented.has(command.action))
      this.#scene.complain(this.name, `run «${command.name}»: nobody consented`);
  }
}
