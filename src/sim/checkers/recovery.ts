/** Once faults stopped, everything recoverable is well within its bound, no incident is open. */
import { type InstanceId, serviceOf } from '../../model/ids.ts';
import type { Case } from '../case.ts';
import { isObserved } from '../outsider.ts';
import type { Checker, Scene } from '../scene.ts';
import { msUntilOom } from '../world.ts';

export class RecoveryChecker implements Checker {
  readonly name = 'recovery';
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** What is not as it should be; null: all is well. */
  unwell(): string | null {
    const { ledger, world } = this.#scene;
    for (const one of ledger.instances.values()) {
      const isOurs = this.#isOurs(one.id);
      if (!one.wanted && isOurs && world.process(one.id) !== null)
        return `${one.id} runs, not wanted`;
      if (!one.wanted || this.#isBlocked(one.id)) continue;
      const completes = world.program(one.id).completesAfterMs !== null;
      if (one.phase !== (completes ? 'completed' : 'ready')) return `${one.id} is ${one.phase}`;
      if (!completes && !world.works(one.id) && this.#isSeen(one.id))
        return `${one.id} is broken and taken for ready`;
    }
    const open = [...ledger.incidents.values()].find((one) => one.state !== 'resolved');
    if (open !== undefined) return `${open.id} is ${open.state}`;
    const [request] = ledger.requests;
    if (request !== undefined) return `${request} waits for its answer`;
    return ledger.storeWritable ? null : 'the store can not write';
  }

  /** It waits for a dependency that a person stopped. */
  #isBlocked(id: InstanceId): boolean {
    const dependencies = this.#scene.dependencies(serviceOf(id) ?? '');
    return [...dependencies].some((name) => this.#scene.known(name).every((one) => !one.wanted));
  }

  /** Not only observed: somebody else brings it up, or nobody. */
  #isOurs(id: InstanceId): boolean {
    const service = this.#scene.serviceOf(id);
    return service === null || !isObserved(this.#scene.spec, service);
  }

  /** Its being broken can be noticed. */
  #isSeen(id: string): boolean {
    return this.#scene.serviceOf(id)?.healthcheck != null;
  }

  end(): void {
    const unwell = this.unwell();
    if (unwell !== null) this.#scene.complain(this.name, `${unwell} in the end`, 'liveness');
  }
}

/**
 * Longest time from the end of the faults until all is well. Each layer of dependencies may have
 * to wait for its slow retry, which may go to each command of the user's first, and each needs its
 * start, its effect and its proof. A leak that nobody sees is over when the kernel ends it.
 */
export function recoveryBoundMs({ spec, faults, quietAt }: Case): number {
  const layers = spec.services.length;
  const slowest = Math.max(
    ...spec.services.map(({ recovery, restart, healthcheck, actions }) => {
      const startPeriodMs = healthcheck?.startPeriodMs ?? 0;
      const tries = 2 + actions.length;
      return tries * recovery.slowRetryMs + restart.backoffMaxMs + 2 * startPeriodMs + 120_000;
    }),
  );
  const leaks = faults.map((one) => (one.name === 'leak' ? one.at + msUntilOom(one) : 0));
  return layers * slowest + Math.max(0, ...leaks.map((endsAt) => endsAt - quietAt));
}
