/**
 * Looks at the roles of running instances of services with failover, each second, and sooner while
 * something may have changed. The engine is told what differs; how far standbys lag becomes a
 * signal.
 */
import type { Happening } from '../model/event.ts';
import type { RoleSeen } from '../model/group.ts';
import { type InstanceId, instanceId } from '../model/ids.ts';
import type { Sample } from '../model/sample.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import { type Clock, nextSlot } from '../ports/clock.ts';

export interface RoleWatchOptions {
  readonly clock: Clock;
  readonly services: () => Iterable<ServiceSpec>;
  /** Which run it is; null: it doesn't run. */
  readonly runOf: (service: ServiceSpec, instance: InstanceId) => number | null;
  readonly look: (service: ServiceSpec, instance: InstanceId) => Promise<RoleSeen>;
  readonly push: (happening: Happening) => void;
  readonly add: (samples: readonly Sample[]) => void;
}

const tickMs = 250;
/** While no service has roles. */
const idleMs = 1_000;
/** A standby that does not receive yet is waited for: how soon it counts again depends on it. */
const unsettledMs = 250;
const steadyMs = 1_000;
/** A command is run for each look at an external service. */
const externalMs = 5_000;

interface Looked {
  run: number;
  /** What mattered of what was told last. */
  told: string;
  dueAt: number;
  looking: boolean;
}

export class RoleWatch {
  readonly #options: RoleWatchOptions;
  readonly #looked = new Map<InstanceId, Looked>();
  /** How far each was when it was last looked at, also of what does not run any more. */
  readonly #transactions = new Map<InstanceId, number>();
  #cancel: () => void = () => undefined;

  constructor(options: RoleWatchOptions) {
    this.#options = options;
  }

  begin(): void {
    const { clock } = this.#options;
    const now = clock.now();
    const delayMs = this.#services().length > 0 ? tickMs : nextSlot(now, idleMs) - now;
    this.#cancel = clock.after(delayMs, () => {
      this.#tick();
      this.begin();
    });
  }

  close(): void {
    this.#cancel();
  }

  /** Something was done at the service: what is seen may have changed. */
  soon(service: ServiceSpec): void {
    for (const instance of instancesOf(service)) {
      const looked = this.#looked.get(instance);
      if (looked !== undefined) looked.dueAt = 0;
    }
  }

  #tick(): void {
    for (const service of this.#services())
      for (const instance of instancesOf(service)) this.#visit(service, instance);
  }

  #services(): ServiceSpec[] {
    return [...this.#options.services()].filter(({ failover }) => failover !== undefined);
  }

  #visit(service: ServiceSpec, instance: InstanceId): void {
    const { clock, runOf } = this.#options;
    const run = runOf(service, instance);
    if (run === null) {
      this.#looked.delete(instance);
      return;
    }
    let looked = this.#looked.get(instance);
    if (looked?.run !== run) {
      looked = { run, told: '', dueAt: 0, looking: false };
      this.#looked.set(instance, looked);
    }
    if (!looked.looking && clock.now() >= looked.dueAt) void this.#look(service, instance, looked);
  }

  async #look(service: ServiceSpec, instance: InstanceId, looked: Looked): Promise<void> {
    const { clock, look } = this.#options;
    looked.looking = true;
    const dueAt = clock.now() + (service.driver === 'external' ? externalMs : steadyMs);
    looked.dueAt = dueAt;
    try {
      const seen = await look(service, instance);
      // Of a run that has ended meanwhile nothing is told.
      if (this.#looked.get(instance) === looked)
        this.#take(service, instance, looked, this.#withLacks(service, instance, seen));
    } catch {
      // That it does not answer is for its health check to judge.
    } finally {
      looked.looking = false;
    }
  }

  #withLacks(service: ServiceSpec, instance: InstanceId, seen: RoleSeen): RoleSeen {
    const { transactions: own } = seen;
    if (own === undefined) return seen;
    this.#transactions.set(instance, own);
    if (seen.role === 'standby') return seen;
    const lacks = instancesOf(service).flatMap((other) => {
      const known = other === instance ? undefined : this.#transactions.get(other);
      if (known === undefined) return [];
      return [{ instance: other, transactions: Math.max(0, own - known) }];
    });
    return { ...seen, lacks };
  }

  #take(service: ServiceSpec, instance: InstanceId, looked: Looked, seen: RoleSeen): void {
    const { clock, push, add } = this.#options;
    const at = clock.now();
    add(
      seen.standbys.map(({ instance: component, lagBytes: value }) => {
        return { at, component, signal: 'replication.lag_bytes', value };
      }),
    );
    if (seen.role === 'standby' && !seen.streaming) {
      looked.dueAt = Math.min(looked.dueAt, at + unsettledMs);
    }
    const matters = whatMatters(seen);
    if (matters === looked.told) return;
    looked.told = matters;
    // Changes seldom come alone.
    this.soon(service);
    push({ kind: 'role-seen', instance, seen });
  }
}

function instancesOf({ name, replicas }: ServiceSpec): InstanceId[] {
  return Array.from({ length: replicas }, (_, index) => instanceId(name, index + 1));
}

function whatMatters(seen: RoleSeen): string {
  const { role, epoch, streaming, stuck = false, standbys, lacks = [] } = seen;
  const followers = standbys
    .map(({ instance, synchronous, lagBytes }) => [instance, synchronous, lagStep(lagBytes)])
    .sort();
  const following = new Set(standbys.map(({ instance }) => instance));
  const lost = lacks
    .filter(({ instance }) => !following.has(instance))
    .map(({ instance, transactions }) => [instance, lossStep(transactions)]);
  return JSON.stringify([role, epoch, streaming, stuck, followers, lost]);
}

/** In steps of a tenth: what a person may be asked to give up is told as it grows. */
function lossStep(transactions: number): number {
  return Math.ceil(Math.log(1 + transactions) / Math.log(1.1));
}

/** In powers of two from 64 KiB: a lag that grows or shrinks on is not told each second. */
function lagStep(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log2(Math.max(1, bytes) / 65_536)));
}
