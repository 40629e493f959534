/** Carries out the steps of restores. Each ends in exactly one happening, whatever goes wrong. */
import type { Command } from '../model/command.ts';
import { errorInfo } from '../model/errors.ts';
import type { Happening } from '../model/event.ts';
import type { RestorePlan } from '../model/recovery-point.ts';
import { faultPoint } from '../ports/fault-point.ts';
import { JobEnded } from '../ports/vault-job.ts';
import type { Curator } from './curator.ts';
import type { PointJobs } from './point-jobs.ts';

type RestoreCommand = Extract<Command, { readonly kind: 'restore' }>;

export interface RestorerOptions {
  readonly jobs: PointJobs;
  readonly curator: Curator;
  readonly push: (happening: Happening) => void;
}

/** A step whose process was killed is made again: each can be. */
const triesMax = 5;

export class Restorer {
  readonly #options: RestorerOptions;

  constructor(options: RestorerOptions) {
    this.#options = options;
  }

  run({ step, service, action, order }: RestoreCommand): void {
    const about = { kind: 'restore-done' as const, step, service, action };
    const { push } = this.#options;
    this.#carryOut({ step, service, action, order })
      .then((plan) => push({ ...about, plan, error: null }))
      .catch((error: unknown) => push({ ...about, plan: null, error: errorInfo(error) }));
  }

  async #carryOut(command: Omit<RestoreCommand, 'kind' | 'unrecordedOk'>) {
    const { service, step } = command;
    const { jobs } = this.#options;
    const order = step === 'prepare' ? await this.#madeSafe(command) : command.order;
    faultPoint('restore.commanded');
    const { service: _, ...rest } = { ...command, order };
    for (let left = triesMax; ; left -= 1) {
      try {
        const { plan } = await jobs.run(service, { kind: 'restore', ...rest });
        return plan satisfies RestorePlan | null;
      } catch (error) {
        if (!(error instanceof JobEnded) || left <= 1) throw error;
      }
    }
  }

  /** Data that can't be copied is what restores are for. It is put aside as it is, so that nothing
   * is lost without the point; that there is none is on record. */
  async #madeSafe({ service, order }: Pick<RestoreCommand, 'service' | 'order'>) {
    const { jobs, curator } = this.#options;
    const { on, source } = jobs.pointsOf(service);
    if (!on.includes('before-destructive')) return order;
    const { target } = order;
    // The newest is what is the newest now. A database goes on from it by its log.
    const isMoved = target.kind === 'latest' && source.kind !== 'postgres';
    const plan = { kind: 'plan' as const, target, now: Date.now() };
    const pinned = isMoved ? (await jobs.runBeside(service, plan)).target : target;
    await curator.beforeDestructive(service).catch(() => undefined);
    return { ...order, target: pinned };
  }
}
