/**
 * The rhythm of sampling: each second every instance, the host and the kernel's log are looked at
 * once, in slices, so that many instances never hold up the loop.
 */
import type { InstanceId } from '../model/ids.ts';
import type { SignalHistory } from './history/history.ts';
import { HostSampler } from './host-sampler.ts';
import type { InstanceWatch } from './instance-watch.ts';
import { KernelWatch } from './kernel-watch.ts';
import type { Outlet } from './outlet.ts';

const slices = 5;
const sliceMs = 200;
/** A process killed by the kernel may be told of after its instance was let go. */
const rememberedMs = 10_000;

export interface SamplingParts {
  readonly outlet: Outlet;
  readonly stateDir: string;
  readonly watches: ReadonlyMap<InstanceId, InstanceWatch>;
  readonly history: SignalHistory;
}

export class Sampling {
  readonly #outlet: Outlet;
  readonly #watches: ReadonlyMap<InstanceId, InstanceWatch>;
  readonly #host: HostSampler;
  readonly #kernel: KernelWatch;
  readonly #history: SignalHistory;
  /** Members of instances that were let go, and until when they are remembered. */
  readonly #former = new Map<number, number>();
  readonly #turn = (): void => this.#tick();
  #slice = 0;
  #dueAt: number;
  #cancel: () => void = () => undefined;

  constructor({ outlet, stateDir, watches, history }: SamplingParts) {
    this.#outlet = outlet;
    this.#watches = watches;
    this.#history = history;
    this.#host = new HostSampler(outlet, stateDir);
    this.#kernel = new KernelWatch(outlet, (pid, text) => this.#memberKilled(pid, text));
    this.#dueAt = outlet.clock.now();
    this.#arm();
  }

  forget(watch: InstanceWatch): void {
    const until = this.#outlet.clock.now() + rememberedMs;
    for (const pid of watch.members) this.#former.set(pid, until);
  }

  close(): void {
    this.#cancel();
    this.#kernel.close();
    void this.#history.close();
  }

  #arm(): void {
    const { clock, turns } = this.#outlet;
    const now = clock.now();
    this.#dueAt = Math.max(this.#dueAt + sliceMs, now);
    this.#cancel = turns.at(this.#dueAt, sliceMs, this.#turn);
  }

  #tick(): void {
    this.#slice = (this.#slice + 1) % slices;
    if (this.#slice === 0) this.#sampleHost();
    let index = 0;
    for (const watch of this.#watches.values()) {
      if (index % slices === this.#slice) watch.sample();
      index += 1;
    }
    this.#arm();
  }

  #sampleHost(): void {
    const now = this.#outlet.clock.now();
    this.#host.sample(now);
    this.#kernel.poll();
    void this.#history.take(now, (visit) => this.#outlet.signals.each(visit));
    for (const [pid, until] of this.#former) if (until < now) this.#former.delete(pid);
  }

  #memberKilled(pid: number, text: string): boolean {
    for (const watch of this.#watches.values()) {
      if (!watch.members.includes(pid)) continue;
      watch.memberKilled(text);
      return true;
    }
    return this.#former.has(pid);
  }
}
