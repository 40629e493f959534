/** Records are durable before their commands run, except what is marked safe to do without. */
import type { Command } from '../../model/command.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

export class WriteAheadChecker implements Checker {
  readonly name = 'write-ahead';
  readonly #scene: Scene;
  readonly #durable = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Records became durable. */
  durable(records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.kind === 'instance-starting') this.#durable.add(`start ${record.action}`);
      if (record.kind === 'instance-stopping') this.#durable.add(`stop ${record.action}`);
      if (record.kind === 'action-begun') this.#durable.add(`run ${record.action}`);
      if (record.kind === 'role-step' && record.state === 'begun')
        this.#durable.add(`${record.step} ${record.action}`);
      if (record.kind === 'replied') this.#durable.add(`reply ${record.requestId}`);
    }
  }

  command(command: Command): void {
    const key = keyOf(command);
    if (key === null || this.#durable.has(key)) return;
    const safe = command.kind === 'start' || command.kind === 'stop' || command.kind === 'reply';
    if (command.unrecordedOk && safe) return;
    this.#scene.complain(this.name, `${key} ran before it was durable`);
  }
}

function keyOf(command: Command): string | null {
  if (command.kind === 'reply') return `reply ${command.requestId}`;
  if (command.kind === 'role') return `${command.step} ${command.action}`;
  return 'action' in command ? `${command.kind} ${command.action}` : null;
}
