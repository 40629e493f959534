/**
 * The endpoint processes before this one, which live on for their last connections: they are told
 * where these lead, and tell how many of them are busy.
 */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName } from '../model/ids.ts';
import type { EndpointTable } from '../ports/endpoints.ts';
import { writeJsonLine } from '../ports/json-lines.ts';
import type { FollowerReport, ToFollower } from './protocol.ts';

const patienceMs = 500;
const lookMs = 5;

interface Told {
  readonly version: number;
  readonly busy: Readonly<Record<ServiceName, number>>;
}

export class Followers {
  readonly #told = new Map<Socket, Told>();
  #version = 0;
  #tables: readonly EndpointTable[] = [];

  /** One has called, or tells anew. */
  hear(socket: Socket, { version, busy }: FollowerReport): void {
    if (!this.#told.has(socket)) {
      socket.on('close', () => this.#told.delete(socket));
      this.#send(socket);
    }
    this.#told.set(socket, { version, busy });
  }

  tell(tables: readonly EndpointTable[]): void {
    this.#tables = tables;
    this.#version += 1;
    for (const socket of this.#told.keys()) this.#send(socket);
  }

  /** Resolves when all have carried out what they were told; at the latest after a moment. */
  async caughtUp(): Promise<void> {
    const version = this.#version;
    const givesUpAt = performance.now() + patienceMs;
    const isBehind = () => [...this.#told.values()].some((one) => one.version < version);
    while (isBehind() && performance.now() < givesUpAt) await pause(lookMs);
  }

  /** How many connections are busy there; one that has not told since the last change counts. */
  busy(service: ServiceName): number {
    let sum = 0;
    for (const { version, busy } of this.#told.values()) {
      sum += version === this.#version ? (busy[service] ?? 0) : 1;
    }
    return sum;
  }

  #send(socket: Socket): void {
    const message: ToFollower = { kind: 'tables', version: this.#version, tables: this.#tables };
    writeJsonLine(socket, message);
  }
}
