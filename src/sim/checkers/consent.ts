/** What is destructive is only done where the stack file allows it or a person consented. */
import type { Command } from '../../model/command.ts';
import type { Checker, Scene } from '../scene.ts';

export class ConsentChecker implements Checker {
  readonly name = 'consent';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  command(command: Command): void {
    if (command.kind !== 'run') return;
    const service = this.#scene.service(command.service);
    const action = service?.actions.find((one) => one.name === command.name);
    if (action?.destructive === false || service?.recovery.allow.includes(command.name)) return;
    const { ledger } = this.#scene;
    const incident = ledger.incidents.get(ledger.actions.get(command.action)?.incident ?? 'i0');
    if (incident?.consented !== true)
      this.#scene.complain(this.name, `run «${command.name}»: nobody consented`);
  }
}
