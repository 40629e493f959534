/**
 * Which port an instance listens on. An instance keeps its port for as long as it can be had, also
 * over restarts of the controller. Ports are taken from below the range that the kernel gives to
 * outgoing connections, so that nobody takes one away while its instance is down for a moment.
 */
import { createHash } from 'node:crypto';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { InstanceId } from '../model/ids.ts';
import { isFree } from '../ports/free-port.ts';
import type { Store } from '../ports/store.ts';

const firstPort = 20_000;
const portCount = 12_000;

export class PortBook {
  readonly #store: Store;
  readonly #stackId: string;
  readonly #log: (text: string) => void;
  readonly #ports = new Map<InstanceId, number>();
  readonly #sought = new Map<InstanceId, Promise<number>>();
  /** Given to an instance, or found taken: not offered again in this run. */
  readonly #claimed = new Set<number>();

  constructor(store: Store, stackId: string, log: (text: string) => void) {
    this.#store = store;
    this.#stackId = stackId;
    this.#log = log;
  }

  /** An adopted instance's port is a fact. */
  adopt(instance: InstanceId, port: number): void {
    this.#ports.set(instance, port);
    this.#claimed.add(port);
  }

  /** Rejects with PORT_TAKEN when no port is free. */
  async portOf(instance: InstanceId): Promise<number> {
    const known = this.#ports.get(instance);
    if (known !== undefined) return known;
    // Whoever asks at the same time is given the same port.
    const sought = this.#sought.get(instance) ?? this.#seek(instance);
    this.#sought.set(instance, sought);
    try {
      return await sought;
    } finally {
      this.#sought.delete(instance);
    }
  }

  async #seek(instance: InstanceId): Promise<number> {
    const kept = Number(await this.#store.get(`port:${instance}`));
    const port = kept > 0 && (await isFree(kept)) ? kept : await this.#search(instance);
    this.#ports.set(instance, port);
    await this.#keep(instance, port);
    return port;
  }

  /** It ended before it was ready, perhaps because another process has its port: the next start
   * sees whether it can be had. */
  forget(instance: InstanceId): void {
    this.#ports.delete(instance);
  }

  /** A port that can't be kept (the disk is full) is valid all the same, for this run. */
  async #keep(instance: InstanceId, port: number): Promise<void> {
    try {
      await this.#store.set(`port:${instance}`, String(port));
    } catch (error) {
      this.#log(`port of ${instance} not kept: ${errorInfo(error).message}`);
    }
  }

  async #search(instance: InstanceId): Promise<number> {
    const digest = createHash('sha256').update(`${this.#stackId}:${instance}`).digest();
    const start = digest.readUInt32BE(0) % portCount;
    for (let step = 0; step < portCount; step += 1) {
      const port = firstPort + ((start + step) % portCount);
      if (this.#claimed.has(port)) continue;
      this.#claimed.add(port);
      if (await isFree(port)) return port;
    }
    throw new DarumaError('PORT_TAKEN', `no free port for ${instance} from ${firstPort} on`);
  }
}
