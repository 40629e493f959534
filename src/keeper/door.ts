/**
 * The console's address. We accept there; the API process, which does everything else, is started
 * by the first connection and ended when nobody has needed it for a while.
 *
 *   shut ──open──▶ open, nobody inside ──connection──▶ starting ──ready──▶ serving
 *                        ▲                                │                  │
 *                        └──────────── exit ──────────────┴──idle, told to end
 *
 * 1. A connection is kept open here until the API process says that it has taken it. Whatever
 *    becomes of that process before, the next one is given it.
 * 2. The API process ends by itself only when we say so, and we do only when no connection waits.
 * 3. Nothing that happens here is fatal: an address that is taken is told, and tried again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import net, { type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { entry } from '../model/entry.ts';
import type {
  ApiToKeeper,
  ConsoleFile,
  ConsoleSettings,
  HeldAddress,
  KeeperToApi,
} from '../ports/keeper.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import { Backoff } from './backoff.ts';
import { withLog } from './log-file.ts';

const main = fileURLToPath(entry(import.meta.url, '../api-main'));
/** It is a guest on the machine of the stack: little memory before much speed. */
const flags = ['--max-semi-space-size=4'];
/** More than so many that nobody has taken yet: those who come now are turned away. */
const waitingMax = 512;
/** A process that takes nothing for so long hangs. */
const takeMs = 15_000;
/** Who waits behind so many failed starts is turned away. */
const startsMax = 4;
const addressesTried = 10;
/** The keeper before us lets go of the address within this. */
const predecessorMs = 3_000;
const tryAgainMs = 50;
const openAgainMs = 5_000;

export interface DoorOptions {
  readonly stateDir: string;
  readonly logFile: string;
  /** Tells people and newcomers where the console is. */
  readonly file: string;
  readonly log: (text: string) => void;
}

interface Waiting {
  readonly socket: Socket;
  /** Runs out when the process that was given it doesn't take it. */
  timer: NodeJS.Timeout | null;
}

type Opened = Pick<HeldAddress, 'host' | 'port'>;

export class Door {
  readonly #options: DoorOptions;
  readonly #backoff = new Backoff();
  readonly #waiting = new Map<number, Waiting>();
  #settings: ConsoleSettings | null = null;
  #server: Server | null = null;
  /** Why nobody listens, as it was logged. */
  #taken: string | null = null;
  #child: ChildProcess | null = null;
  #ready = false;
  #ending = false;
  #failedStarts = 0;
  #nextId = 1;
  #retry: NodeJS.Timeout | null = null;
  /** Changes with each `set`, so that an older attempt to open gives up. */
  #turn = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Null: no API process runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Null: no console is wanted. */
  set(settings: ConsoleSettings | null): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.close();
    this.#settings = settings;
    if (settings === null) this.#tell(null);
    else void this.#open(settings, this.#turn);
  }

  /** Nobody is let in any more; the API process is ended. */
  close(): void {
    this.#turn += 1;
    this.#settings = null;
    this.#clearRetry();
    this.#server?.close();
    this.#server = null;
    this.#turnAway();
    this.#send({ kind: 'end' });
  }

  async #open(settings: ConsoleSettings, turn: number): Promise<void> {
    const all = candidates(settings);
    const last = lastOf(all, readJsonFile(this.#options.file) as ConsoleFile | null);
    // Our own predecessor may just be leaving there.
    if (last !== null && (await this.#try(last, settings, turn, predecessorMs)) === null) return;
    let taken = '';
    for (const address of all) {
      const why = await this.#try(address, settings, turn, 0);
      if (why === null) return;
      taken ||= `${address.host}:${address.port}: ${why}`;
    }
    if (taken !== this.#taken) {
      this.#options.log(`no console: ${taken}; tried again every ${openAgainMs} ms`);
    }
    this.#taken = taken;
    this.#tell({ host: settings.host, port: settings.port, tls: settings.tls !== null, taken });
    this.#retry = setTimeout(() => void this.#open(settings, turn), openAgainMs);
  }

  /** Null: it listens, or need not any more; else why it can't. */
  async #try(
    address: Opened,
    settings: ConsoleSettings,
    turn: number,
    patienceMs: number,
  ): Promise<string | null> {
    const patientUntil = performance.now() + patienceMs;
    for (;;) {
      const server = await listenAt(address, (socket) => this.#accept(socket));
      const isWanted = turn === this.#turn;
      if (server instanceof net.Server) {
        if (isWanted) this.#opened(server, address, settings);
        else server.close();
        return null;
      }
      if (!isWanted) return null;
      if (performance.now() >= patientUntil) return server;
      await new Promise((resolve) => setTimeout(resolve, tryAgainMs));
    }
  }

  #opened(server: Server, { host, port }: Opened, settings: ConsoleSettings): void {
    this.#server = server;
    this.#taken = null;
    server.on('error', (error) => this.#options.log(`console: ${error.message}`));
    this.#tell({ host, port, tls: settings.tls !== null });
    this.#options.log(`console on ${host}:${port}`);
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#waiting.size >= waitingMax) {
      socket.destroy();
      return;
    }
    const id = this.#nextId++;
    this.#waiting.set(id, { socket, timer: null });
    if (this.#child === null) this.#start();
    else if (this.#ready && !this.#ending) this.#pass(id);
  }

  #start(): void {
    const { stateDir, logFile, log } = this.#options;
    this.#clearRetry();
    const settings = JSON.stringify({ ...this.#settings, ...this.#address() });
    const startedAt = performance.now();
    const child = withLog(logFile, (output) =>
      spawn(
        process.execPath,
        [...process.execArgv, ...flags, main, '--state-dir', stateDir, '--settings', settings],
        { stdio: ['ignore', output, output, 'ipc'] },
      ),
    );
    this.#child = child;
    child.on('message', (message) => this.#hear(message as ApiToKeeper));
    let over = false;
    const gone = (how: unknown): void => {
      if (!over) this.#gone(child, how, performance.now() - startedAt);
      over = true;
    };
    child.on('error', (error) => {
      if (child.pid === undefined) gone(error.message);
      else log(`API process: ${error.message}`);
    });
    child.on('exit', (code, signal) => gone(signal ?? code));
  }

  #clearRetry(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #address(): Opened | null {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null
      ? { host: address.address, port: address.port }
      : null;
  }

  #hear(message: ApiToKeeper): void {
    if (message.kind === 'ready') {
      this.#ready = true;
      this.#failedStarts = 0;
      for (const id of this.#waiting.keys()) this.#pass(id);
    } else if (message.kind === 'taken') {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (waiting === undefined) return;
      if (waiting.timer !== null) clearTimeout(waiting.timer);
      // Only our copy is closed: the connection is the other process's now.
      waiting.socket.destroy();
    } else if (this.#waiting.size === 0) {
      this.#ending = true;
      this.#send({ kind: 'end' });
    }
  }

  #pass(id: number): void {
    const waiting = this.#waiting.get(id);
    const child = this.#child;
    if (waiting === undefined || child === null || !child.connected) return;
    if (waiting.socket.destroyed) {
      this.#waiting.delete(id);
      return;
    }
    waiting.timer = setTimeout(() => {
      if (this.#child !== child || !this.#waiting.has(id)) return;
      this.#options.log(`API process ${child.pid} hangs: took no connection; killed`);
      child.kill('SIGKILL');
    }, takeMs);
    const message: KeeperToApi = { kind: 'connection', id };
    // One that died just now is told of by `exit`, and the next one is given the connection.
    child.send(message, waiting.socket, { keepOpen: true }, () => undefined);
  }

  #gone(child: ChildProcess, how: unknown, livedMs: number): void {
    if (this.#child !== child) return;
    this.#child = null;
    const wasReady = this.#ready;
    const asked = this.#ending || this.#settings === null;
    this.#ready = false;
    this.#ending = false;
    for (const waiting of this.#waiting.values()) {
      if (waiting.timer !== null) clearTimeout(waiting.timer);
    }
    if (!asked) this.#options.log(`API process ended (${how})`);
    if (!wasReady && !asked) this.#failedStarts += 1;
    if (this.#failedStarts >= startsMax) this.#turnAway();
    if (this.#waiting.size === 0 || this.#settings === null) return;
    const delayMs = asked ? 0 : this.#backoff.next(livedMs);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (this.#child === null && this.#waiting.size > 0) this.#start();
    }, delayMs);
  }

  #turnAway(): void {
    for (const { socket, timer } of this.#waiting.values()) {
      if (timer !== null) clearTimeout(timer);
      socket.destroy();
    }
    this.#waiting.clear();
    this.#failedStarts = 0;
  }

  #send(message: KeeperToApi): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #tell(file: ConsoleFile | null): void {
    try {
      replaceFile(this.#options.file, JSON.stringify(file));
    } catch (error) {
      this.#options.log(`the console's address could not be written down: ${String(error)}`);
    }
  }
}

/** Of an address that nobody asked for, the next ones are as good. */
function candidates({ host, port, orNext }: ConsoleSettings): Opened[] {
  return Array.from({ length: orNext ? addressesTried : 1 }, (_, index) => ({
    host,
    port: port + index,
  }));
}

/** The one where it was before; null: none of these. */
function lastOf(all: readonly Opened[], before: ConsoleFile | null): Opened | null {
  if (before === null || before.taken !== undefined) return null;
  return all.find(({ host, port }) => host === before.host && port === before.port) ?? null;
}

/** The server, or why it can't listen there. */
function listenAt(
  address: Opened,
  onConnection: (socket: Socket) => void,
): Promise<Server | string> {
  return new Promise((resolve) => {
    // What was read of a connection here would be lost on the way.
    const server = net.createServer({ pauseOnConnect: true }, onConnection);
    server.once('error', (error) => resolve(error.message));
    server.listen({ ...address, exclusive: true }, () => {
      server.removeAllListeners('error');
      resolve(server);
    });
  });
}
