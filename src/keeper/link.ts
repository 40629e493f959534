/**
 * The controller's side of its keeper.
 *
 * 1. The heart beats from the moment of `keeperLink()`, so make it before anything that takes long.
 * 2. A lost keeper is always followed by another: the endpoint process brings it back, or we do.
 */
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Layout } from '../model/layout.ts';
import { nextSlot } from '../ports/clock.ts';
import {
  type ConsoleSettings,
  type ControllerToKeeper,
  type EndpointFile,
  type HeldAddress,
  type KeeperCommand,
  type KeeperLink,
  type KeeperToController,
  ListenError,
} from '../ports/keeper.ts';
import { lockHolder } from '../ports/lock.ts';
import { isAlive } from '../ports/process-identity.ts';
import { readJsonFile } from '../ports/replace-file.ts';
import { startKeeper } from './start.ts';

const heartbeatMs = 1_000;
/** How long an endpoint process may take to bring a keeper back before we do. */
const patienceMs = 5_000;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Throws when this process is not the child of a keeper. */
export function keeperLink(layout: Layout): KeeperLink {
  if (process.send === undefined) throw new Error('the controller is started by the keeper only');
  return new Link(layout);
}

class Link implements KeeperLink {
  readonly #layout: Layout;
  readonly #keeperPid = process.ppid;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onTerminate: (() => void)[] = [];
  #onConnection: ((connection: Socket) => void) | null = null;
  /** Came before anybody listened. */
  #connections: Socket[] = [];
  readonly #onLost: (() => void)[] = [];
  #command: KeeperCommand | null = null;
  #nextId = 1;
  #terminated = false;
  #released = false;
  #lost = false;
  #nextBeat: NodeJS.Timeout | undefined;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#beat();
    process.on('message', (message, handle) => {
      this.#hear(message as KeeperToController, handle instanceof Socket ? handle : null);
    });
    process.once('disconnect', () => {
      clearTimeout(this.#nextBeat);
      for (const { reject } of this.#waiting.values()) reject(new Error('the keeper is gone'));
      if (!this.#released) void this.#awaitSuccessor();
    });
  }

  listen(endpoints: readonly HeldAddress[]): Promise<void> {
    return this.#ask((id) => ({ kind: 'listen', id, endpoints }));
  }

  console(settings: ConsoleSettings | null): void {
    this.#send({ kind: 'console', settings });
  }

  async shutdown(): Promise<void> {
    await this.#ask((id) => ({ kind: 'shutdown', id }));
    this.#released = true;
  }

  async detach(): Promise<void> {
    await this.#ask((id) => ({ kind: 'detach', id }));
    this.#released = true;
  }

  onTerminate(listener: () => void): void {
    this.#onTerminate.push(listener);
    if (this.#terminated) listener();
  }

  onConnection(listener: (connection: Socket) => void): void {
    this.#onConnection = listener;
    for (const connection of this.#connections.splice(0)) listener(connection);
  }

  onLost(listener: () => void): void {
    this.#onLost.push(listener);
    if (this.#lost) listener();
  }

  #beat(): void {
    this.#send({ kind: 'heartbeat' });
    const now = Date.now();
    this.#nextBeat = setTimeout(() => this.#beat(), nextSlot(now, heartbeatMs) - now);
    this.#nextBeat.unref();
  }

  #ask(message: (id: number) => ControllerToKeeper): Promise<void> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.set(id, { resolve, reject });
    if (!this.#send(message(id))) reject(new Error('the keeper is gone'));
    return promise.finally(() => this.#waiting.delete(id));
  }

  /** False: there is no keeper to send to. */
  #send(message: ControllerToKeeper): boolean {
    if (process.send === undefined || !process.connected) return false;
    // A keeper that died just now is told of by `disconnect`.
    process.send(message, undefined, undefined, () => undefined);
    return true;
  }

  #hear(message: KeeperToController, connection: Socket | null): void {
    if (message.kind === 'connection') {
      // Null: who called has gone already.
      if (connection === null) return;
      if (this.#onConnection === null) this.#connections.push(connection);
      else this.#onConnection(connection);
    } else if (message.kind === 'keeper') {
      this.#command = message.command;
    } else if (message.kind === 'terminate') {
      this.#terminated = true;
      for (const listener of this.#onTerminate) listener();
    } else if (message.kind === 'listen-failed') {
      this.#waiting.get(message.id)?.reject(new ListenError(message.code, message.address));
    } else {
      this.#waiting.get(message.id)?.resolve();
    }
  }

  async #awaitSuccessor(): Promise<void> {
    const since = performance.now();
    let triedAt = Number.NEGATIVE_INFINITY;
    while (!this.#hasSuccessor()) {
      const now = performance.now();
      const endpointWill = this.#endpointLives() && now - since < patienceMs;
      if (!endpointWill && this.#command !== null && now - triedAt > patienceMs) {
        startKeeper(this.#command, 'inherit');
        triedAt = now;
      }
      await pause(50);
    }
    this.#lost = true;
    for (const listener of this.#onLost) listener();
  }

  /** A keeper that was killed may still be ending when we hear of it. */
  #hasSuccessor(): boolean {
    const holder = lockHolder(this.#layout.keeperLock);
    return holder !== null && holder.pid !== this.#keeperPid;
  }

  #endpointLives(): boolean {
    const found = readJsonFile(this.#layout.endpointFile) as EndpointFile | null;
    return found !== null && isAlive(found);
  }
}
