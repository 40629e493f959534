/** At most one running copy of each instance; nothing is started that is known to run. */
import type { Command } from '../../model/command.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

export class SingleCopyChecker implements Checker {
  readonly name = 'single-copy';
  readonly #scene: Scene;
  #given = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  reborn(): void {
    this.#given = new Set();
  }

  record(record: LogRecord): void {
    if (record.kind !== 'instance-starting') return;
    const { phase } = this.#scene.ledger.instance(record.instance);
    if (phase === 'running' || phase === 'ready' || phase === 'starting')
      this.#scene.complain(this.name, `start ${record.instance}, which is ${phase}`);
  }

  command(command: Command): void {
    if (command.kind !== 'start' && command.kind !== 'stop' && command.kind !== 'run') return;
    const key = `${command.kind} ${command.action}`;
    if (this.#given.has(key)) this.#scene.complain(this.name, `${key} is given twice`);
    this.#given.add(key);
  }

  tick(): void {
    const twice = this.#scene.world.doubles.pop();
    if (twice !== undefined) this.#scene.complain(this.name, `${twice} runs twice`);
  }

  end(): void {
    this.tick();
  }
}
