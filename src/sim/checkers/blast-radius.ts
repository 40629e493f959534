/** Never the last ready instance out, never more than a share; an endpoint leads somewhere. */
import type { Command } from '../../model/command.ts';
import { isInstance } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

export class BlastRadiusChecker implements Checker {
  readonly name = 'blast-radius';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  record(record: LogRecord): void {
    const planned = this.#scene.begun(record)?.planned;
    if (planned?.kind !== 'restart' && planned?.kind !== 'take-out') return;
    const { target, kind } = planned;
    if (!isInstance(target) || !this.#scene.answers(this.#scene.ledger.instance(target))) return;
    const service = this.#scene.serviceOf(target);
    // Who leads and who may is judged by the rules F.
    if (service === null || service.failover !== undefined) return;
    const others = this.#scene
      .known(service.name)
      .filter((one) => one.id !== target && this.#scene.answers(one)).length;
    const out = service.replicas - others;
    const { maxUnavailableShare } = this.#scene.spec.recovery;
    const allowed = Math.max(1, Math.floor(maxUnavailableShare * service.replicas));
    const what = `${kind} ${target}, which serves`;
    if (service.replicas > 1 && others === 0)
      this.#scene.complain(this.name, `${what}: it is the last ready instance`);
    else if (out > allowed)
      this.#scene.complain(this.name, `${what}: ${out} out, ${allowed} allowed`);
  }

  command(command: Command): void {
    // Only a primary is led to; whether there is one is judged by the rules F.
    if (command.kind !== 'route' || command.group !== undefined) return;
    if (command.targets.some((target) => target.state === 'serving')) return;
    const ready = this.#scene.known(command.service).filter((one) => one.phase === 'ready');
    // The command may have waited for the disk while an instance became ready.
    const { ledger } = this.#scene;
    const long = ready.filter((one) => ledger.at - one.since > routeLagMs);
    if (long.length > 0)
      this.#scene.complain(this.name, `${command.service} leads nowhere: ${long[0]?.id} is ready`);
  }
}

const routeLagMs = 15_000;
