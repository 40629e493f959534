/**
 * Jobs on recovery points.
 *
 * 1. Of one service one at a time, in the order in which they were asked for: a point is never made
 *    of data that are being exchanged.
 * 2. In the whole stack only so many at once.
 */
import type { EngineState } from '../engine/index.ts';
import { DarumaError } from '../model/errors.ts';
import { instanceId, type ServiceName } from '../model/ids.ts';
import { type RecoveryPointsSpec, stateService } from '../model/recovery-point.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { Clock } from '../ports/clock.ts';
import type { PointJob } from '../ports/controller-api.ts';
import type { JobResults, JobScene, JobWork, RunJob } from '../ports/vault-job.ts';

const atOnceMax = 2;

export interface PointJobsOptions {
  readonly clock: Clock;
  readonly spec: StackSpec;
  readonly state: () => EngineState;
  readonly stateDir: string;
  readonly version: string;
  readonly runJob: RunJob;
}

export class PointJobs {
  readonly #options: PointJobsOptions;
  readonly #tails = new Map<ServiceName, Promise<unknown>>();
  readonly #underWay = new Map<ServiceName, PointJob>();
  readonly #closing = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: PointJobsOptions) {
    this.#options = options;
  }

  /** Services with points, Daruma's own state among them. */
  services(): readonly { readonly name: ServiceName; readonly points: RecoveryPointsSpec }[] {
    const { services, recoveryPoints } = this.#options.spec;
    const own =
      recoveryPoints === undefined ? [] : [{ name: stateService, points: recoveryPoints }];
    const all = services.flatMap(({ name, recoveryPoints: points }) =>
      points === undefined ? [] : [{ name, points }],
    );
    return [...all, ...own];
  }

  /** Throws NOT_FOUND. */
  pointsOf(service: ServiceName): RecoveryPointsSpec {
    const found = this.services().find(({ name }) => name === service);
    if (found !== undefined) return found.points;
    throw new DarumaError('NOT_FOUND', `${service} has no \`recovery_points\` in its stack file`);
  }

  underWay(): readonly PointJob[] {
    return [...this.#underWay.values()];
  }

  isBusy(service: ServiceName): boolean {
    return this.#tails.has(service);
  }

  /** Rejects with the signal's reason when it isn't done by then. */
  run<W extends JobWork>(
    service: ServiceName,
    work: W,
    signal?: AbortSignal,
  ): Promise<JobResults[W['kind']]> {
    const before = this.#tails.get(service) ?? Promise.resolve();
    const mine = before.then(() => this.#inTurn(service, work, signal));
    const tail = mine
      .catch(() => undefined)
      .finally(() => {
        if (this.#tails.get(service) === tail) this.#tails.delete(service);
      });
    this.#tails.set(service, tail);
    return mine;
  }

  /** Beside the others: it reads and changes nothing that they do. */
  runBeside<W extends JobWork>(service: ServiceName, work: W): Promise<JobResults[W['kind']]> {
    return this.#options.runJob(this.#scene(service), work, { signal: this.#closing.signal });
  }

  close(): void {
    this.#closing.abort();
  }

  #scene(service: ServiceName): JobScene {
    const { spec, stateDir, version, state } = this.#options;
    const now = state();
    const running = (now.services[service]?.instances ?? []).flatMap((instance) => {
      const { phase, port = null } = now.instances[instance] ?? {};
      return phase === 'running' || phase === 'ready' ? [{ instance, port }] : [];
    });
    const primary = now.services[service]?.group?.primary ?? instanceId(service, 1);
    return { spec, service, stateDir, version, running, primary };
  }

  async #inTurn<W extends JobWork>(
    service: ServiceName,
    work: W,
    signal?: AbortSignal,
  ): Promise<JobResults[W['kind']]> {
    if (this.#running >= atOnceMax)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    const ends = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const began = { service, work: work.kind, since: this.#options.clock.now() };
    const tell = (stage: string, bytes: number, total: number | null) =>
      this.#underWay.set(service, { ...began, stage, bytes, total });
    tell('', 0, null);
    try {
      signal?.throwIfAborted();
      return await this.#options.runJob(this.#scene(service), work, {
        signal: AbortSignal.any(ends),
        onProgress: ({ stage, bytes, total }) => tell(stage, bytes, total),
      });
    } catch (error) {
      // Whatever it said when it was broken off.
      signal?.throwIfAborted();
      throw error;
    } finally {
      this.#underWay.delete(service);
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}
