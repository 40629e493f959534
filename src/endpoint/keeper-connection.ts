/**
 * The endpoint process's line to its keeper. When the keeper dies, this process is the one that
 * still has the listening sockets, so it starts the next keeper as its child, which inherits them.
 */
import { spawn } from 'node:child_process';
import net, { type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Layout } from '../model/layout.ts';
import { readJsonLines, writeJsonLine } from '../ports/json-lines.ts';
import {
  type EndpointToKeeper,
  type HeldAddress,
  type KeeperCommand,
  type KeeperToEndpoint,
  keeperArgv,
} from '../ports/keeper.ts';
import { lockHolder } from '../ports/lock.ts';
import { ownIdentity } from '../ports/process-identity.ts';
import { socketPath } from '../ports/socket-path.ts';

const beatMs = 1_000;
const retryMs = 100;
/** When nobody is expected to come soon. */
const slowRetryMs = 1_000;
/** How long a keeper that was started may take until it has its lock. */
const keeperStartMs = 10_000;
/** How long a successor that was announced may take. */
const successorMs = 30_000;

export interface KeeperConnectionOptions {
  readonly layout: Layout;
  readonly version: string;
  /** With sockets as file descriptors 3, 4, …, unless this process bound them by itself. */
  readonly held: readonly HeldAddress[];
  readonly withFds: boolean;
  readonly onRetire: () => void;
  readonly onShutdown: () => void;
}

export class KeeperConnection {
  readonly #options: KeeperConnectionOptions;
  #link: Socket | null = null;
  #command: KeeperCommand | null = null;
  #report: EndpointToKeeper | null = null;
  #retired = false;
  #detached = false;
  #revivesAt = 0;

  constructor(options: KeeperConnectionOptions) {
    this.#options = options;
    setInterval(() => this.#send({ kind: 'beat' }), beatMs);
    void this.#stayConnected();
  }

  /** How the start went: told now, and to each keeper to come. */
  report(report: EndpointToKeeper): void {
    this.#report = report;
    this.#send(report);
  }

  startKeeper(command: KeeperCommand, env: Readonly<Record<string, string | undefined>>): void {
    const { held, withFds } = this.#options;
    const without = withFds ? [] : ['--without-fds'];
    const exec = [...command.exec, ...without];
    const [program = '', ...args] = keeperArgv({ exec, controller: command.controller }, held);
    const fds = withFds ? held.map((_, index) => index + 3) : [];
    const stdio = ['ignore', 'inherit', 'inherit', ...fds] as const;
    const child = spawn(program, args, { detached: true, env: { ...env }, stdio: [...stdio] });
    child.on('error', (error) => console.error(`keeper: ${error.message}`));
    child.unref();
    this.#detached = false;
    this.#revivesAt = performance.now() + keeperStartMs;
  }

  async #stayConnected(): Promise<void> {
    for (;;) {
      await this.#connection();
      if (this.#mayRevive()) {
        console.error('the keeper is gone: starting another');
        this.startKeeper(this.#command ?? { exec: [], controller: [] }, process.env);
      }
      await pause(this.#detached ? slowRetryMs : retryMs);
    }
  }

  /** Resolves when the connection ended, or there was nobody. */
  #connection(): Promise<void> {
    const { layout, version } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const link = net.connect(socketPath(layout.runDir, 'keeper.sock'));
    link.on('error', () => link.destroy());
    link.on('close', () => {
      this.#link = null;
      resolve();
    });
    link.on('connect', () => {
      this.#link = link;
      const retiring = this.#retired;
      this.#send({ kind: 'endpoint', identity: ownIdentity(), version, retiring });
      if (this.#report !== null) this.#send(this.#report);
    });
    readJsonLines(link, (message) => this.#hear(message as KeeperToEndpoint));
    return promise;
  }

  #hear(message: KeeperToEndpoint): void {
    if (message.kind === 'keeper') {
      this.#command = message.command;
      this.#detached = false;
    }
    if (message.kind === 'detach') this.#detached = true;
    if (message.kind === 'successor') this.#revivesAt = performance.now() + successorMs;
    if (message.kind === 'retire') {
      this.#retired = true;
      this.#options.onRetire();
    }
    if (message.kind === 'shutdown') this.#options.onShutdown();
  }

  #mayRevive(): boolean {
    if (this.#retired || this.#detached || this.#command === null) return false;
    if (performance.now() < this.#revivesAt) return false;
    return lockHolder(this.#options.layout.keeperLock) === null;
  }

  #send(message: EndpointToKeeper): void {
    if (this.#link !== null) writeJsonLine(this.#link, message);
  }
}
