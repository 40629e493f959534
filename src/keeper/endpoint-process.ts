/**
 * The endpoint process: started with all held sockets, replaced when it dies or hangs, and handed
 * over when the addresses change (only a new process can inherit a new socket).
 *
 * 1. The sockets stay open here whatever happens to the process: nobody is refused meanwhile.
 * 2. A handover starts the new process first; the old one stops accepting only once it listens.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { entry } from '../model/entry.ts';
import {
  type EndpointToKeeper,
  type HeldAddress,
  type KeeperCommand,
  ListenError,
} from '../ports/keeper.ts';
import { identify } from '../ports/process-identity.ts';
import { Backoff } from './backoff.ts';
import { addressOf, bind, type HeldSocket, sameAddress } from './held-sockets.ts';
import { withLog } from './log-file.ts';
import { RunningEndpoint } from './running-endpoint.ts';

const main = fileURLToPath(entry(import.meta.url, '../endpoint/main'));
/** Garbage is little and young: threads that help to collect it cost more than they save. */
const flags = ['--single-threaded-gc'];
const startsPerListen = 3;

/**
 * Node.js accepts one connection per turn of its loop from each file descriptor. With several of
 * the same socket it takes as many, which saves a tenth of what a connection costs.
 */
function copiesFor(sockets: number): number {
  return sockets <= 16 ? 4 : 1;
}

export interface EndpointOptions {
  readonly stateDir: string;
  readonly logFile: string;
  readonly version: string;
  readonly command: KeeperCommand;
  readonly hangMs: number;
  readonly log: (text: string) => void;
}

type Hello = Extract<EndpointToKeeper, { readonly kind: 'endpoint' }>;

export class EndpointProcess {
  readonly #options: EndpointOptions;
  readonly #backoff = new Backoff();
  readonly #retired = new Set<RunningEndpoint>();
  #sockets: readonly HeldSocket[];
  #current: RunningEndpoint | null = null;
  /** Started, but not yet listening. */
  #fresh: RunningEndpoint | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  restarts = 0;

  constructor(options: EndpointOptions, sockets: readonly HeldSocket[]) {
    this.#options = options;
    this.#sockets = sockets;
  }

  get pid(): number | null {
    return this.#current?.identity.pid ?? null;
  }

  get sockets(): readonly HeldSocket[] {
    return this.#sockets;
  }

  /** Rejects with a ListenError; then everything is as it was. */
  listen(addresses: readonly HeldAddress[]): Promise<void> {
    return this.#inTurn(() => this.#listen(addresses));
  }

  /** A process has called: one that we started, or one that we find running. */
  attach(link: Socket, hello: Hello): RunningEndpoint {
    const endpoint = this.#find(hello.identity.pid) ?? this.#adopt(hello);
    endpoint.attach(link);
    endpoint.send({ kind: 'keeper', command: this.#options.command });
    if (this.#retired.has(endpoint) && !hello.retiring) endpoint.send({ kind: 'retire' });
    return endpoint;
  }

  /** Sees to it that the held sockets are served, by a process that was found or a new one. */
  ensure(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#current === null && this.#sockets.length > 0) await this.#replace(this.#sockets);
    });
  }

  /** Ends all processes and closes all sockets. */
  end(): Promise<void> {
    return this.#inTurn(async () => {
      const all = this.#all();
      this.#current = null;
      for (const socket of this.#sockets) socket.close();
      this.#sockets = [];
      await Promise.all(all.map((endpoint) => endpoint.end()));
    });
  }

  /** Lets go of all processes; they are told why. */
  release(why: 'detach' | 'successor'): void {
    for (const endpoint of this.#all()) {
      endpoint.send({ kind: why });
      endpoint.release();
    }
  }

  async #listen(addresses: readonly HeldAddress[]): Promise<void> {
    const before = this.#sockets;
    const unchanged =
      addresses.length === before.length &&
      addresses.every((address) => before.some((socket) => sameAddress(socket, address)));
    if (unchanged && (this.#current !== null || before.length === 0)) return;
    const bound: HeldSocket[] = [];
    try {
      const sockets = addresses.map((address) => this.#keepOrBind(address, bound));
      await this.#replace(sockets);
      const kept = new Set(sockets.map((socket) => socket.fd));
      for (const socket of before) if (!kept.has(socket.fd)) socket.close();
    } catch (error) {
      for (const socket of bound) socket.close();
      if (this.#current === null && before.length > 0) this.#startAgain(0);
      throw error;
    }
  }

  #keepOrBind(address: HeldAddress, bound: HeldSocket[]): HeldSocket {
    const { host, port } = address;
    const held = this.#sockets.find((socket) => socket.host === host && socket.port === port);
    if (held !== undefined) return { ...address, fd: held.fd, close: () => held.close() };
    const socket = bind(address);
    bound.push(socket);
    return socket;
  }

  async #replace(sockets: readonly HeldSocket[]): Promise<void> {
    const old = this.#current;
    // Without a common socket two processes can't listen on the same address.
    const handsOver = sockets.every(({ fd }) => fd !== null);
    if (old !== null && !handsOver) {
      this.#current = null;
      this.#retire(old);
    }
    const next = sockets.length === 0 ? null : await this.#start(sockets);
    this.#sockets = sockets;
    this.#current = next;
    next?.gone.then(() => this.#died(next));
    if (old !== null && handsOver) this.#retire(old);
  }

  async #start(sockets: readonly HeldSocket[]): Promise<RunningEndpoint> {
    for (let tries = 0; tries < startsPerListen; tries++) {
      const fresh = this.#spawn(sockets);
      if (fresh === null) continue;
      this.#fresh = fresh;
      const result = await fresh.started;
      this.#fresh = null;
      if (result === 'ready') return fresh;
      fresh.kill();
      await fresh.gone;
      if (result instanceof ListenError) throw result;
    }
    throw new ListenError('START_FAILED', null);
  }

  #spawn(sockets: readonly HeldSocket[]): RunningEndpoint | null {
    const { stateDir, version, logFile, hangMs, log } = this.#options;
    const fds = sockets.flatMap(({ fd }) => (fd === null ? [] : [fd]));
    const args = ['--state-dir', stateDir, '--version', version];
    args.push('--held', JSON.stringify(sockets.map(addressOf)));
    if (fds.length < sockets.length) args.push('--without-fds');
    const copies = copiesFor(fds.length);
    args.push('--copies', String(copies));
    const child = withLog(logFile, (output) =>
      spawn(process.execPath, [...process.execArgv, ...flags, main, ...args], {
        detached: true,
        stdio: ['ignore', output, output, ...Array(copies).fill(fds).flat()],
      }),
    );
    child.on('error', (error) => log(`endpoint process: ${error.message}`));
    const identity = child.pid === undefined ? null : identify(child.pid);
    return identity === null ? null : new RunningEndpoint(identity, child, hangMs, log);
  }

  #adopt(hello: Hello): RunningEndpoint {
    const { hangMs, log } = this.#options;
    const endpoint = new RunningEndpoint(hello.identity, null, hangMs, log);
    const serves = !hello.retiring && this.#current === null && this.#fresh === null;
    if (serves) {
      log(`adopted endpoint process ${hello.identity.pid}`);
      this.#current = endpoint;
      endpoint.gone.then(() => this.#died(endpoint));
      if (hello.version !== this.#options.version) this.#renew();
    } else {
      this.#retire(endpoint);
    }
    return endpoint;
  }

  /** Another version's process serves; ours takes over without a connection being cut. */
  #renew(): void {
    this.#inTurn(() => this.#replace(this.#sockets)).catch((error: Error) =>
      this.#options.log(`the endpoint process of another version goes on: ${error.message}`),
    );
  }

  #retire(endpoint: RunningEndpoint): void {
    this.#retired.add(endpoint);
    endpoint.retire();
    endpoint.gone.then(() => this.#retired.delete(endpoint));
  }

  #died(endpoint: RunningEndpoint): void {
    if (this.#current !== endpoint) return;
    this.#current = null;
    this.#startAgain(performance.now() - endpoint.sinceMs);
  }

  #startAgain(livedMs: number): void {
    const delayMs = this.#backoff.next(livedMs);
    this.restarts++;
    this.#options.log(`endpoint process ended; starts again in ${Math.round(delayMs)} ms`);
    setTimeout(() => {
      this.ensure().catch((error: Error) => {
        this.#options.log(`endpoint process: ${error.message}`);
        this.#startAgain(0);
      });
    }, delayMs);
  }

  #find(pid: number): RunningEndpoint | null {
    return this.#all().find((endpoint) => endpoint.identity.pid === pid) ?? null;
  }

  #all(): RunningEndpoint[] {
    const serving = [this.#current, this.#fresh].filter((endpoint) => endpoint !== null);
    return [...serving, ...this.#retired];
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
