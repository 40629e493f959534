/**
 * The controller: started, watched, replaced.
 *
 *   start ──▶ running ──exit 0 after shutdown or detach──▶ over
 *     ▲         │
 *     └─back-off┴── any other end, or silent for too long (killed)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { ControllerToKeeper, KeeperCommand, KeeperToController } from '../ports/keeper.ts';
import { Starvation } from '../ports/starvation.ts';
import { Backoff } from './backoff.ts';
import { withLog } from './log-file.ts';
import { Watchdog } from './watchdog.ts';

/** How long a controller may take to its first heartbeat. */
const firstHeartbeatMs = 20_000;
/** How long it may take to end when asked to. */
const endMs = 10_000;

export interface ControllerOptions {
  readonly command: KeeperCommand;
  readonly logFile: string;
  readonly hangMs: number;
  readonly log: (text: string) => void;
  readonly onMessage: (message: ControllerToKeeper) => void;
  /** It ended with code 0 after `mayEnd`. */
  readonly onOver: () => void;
}

export class ControllerProcess {
  readonly #options: ControllerOptions;
  readonly #backoff = new Backoff();
  #child: ChildProcess | null = null;
  #watchdog: Watchdog | null = null;
  #retry: NodeJS.Timeout | null = null;
  /** Connections that are yet to be sent to it: one after the other. */
  readonly #passing = new Set<Socket>();
  #mayEnd = false;
  #terminating = false;
  #ended = false;
  restarts = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get beatsLately(): boolean {
    return this.#watchdog?.heardLately ?? false;
  }

  /** Whether its exit with code 0 is the end of our work, or a death as any other. */
  set mayEnd(value: boolean) {
    this.#mayEnd = value;
  }

  start(): void {
    const [program = '', ...args] = this.#options.command.controller;
    const startedAt = performance.now();
    const child = withLog(this.#options.logFile, (log) =>
      spawn(program, args, { stdio: ['ignore', log, log, 'ipc'] }),
    );
    this.#child = child;
    this.#watchdog = this.#watch(child);
    child.on('message', (message) => this.#hear(message as ControllerToKeeper));
    const gone = once((how: string | number) =>
      this.#gone(child, how, performance.now() - startedAt),
    );
    child.on('error', (error) => (child.pid === undefined ? gone(error.message) : undefined));
    child.on('exit', (code, signal) => gone(signal ?? code ?? 'unknown'));
    this.send({ kind: 'keeper', command: this.#options.command });
    if (this.#terminating) this.send({ kind: 'terminate' });
  }

  send(message: KeeperToController): void {
    // One that has just died answers with an error here, and with `exit` right after.
    this.#child?.send(message, () => undefined);
  }

  /**
   * Hands it a connection. False: there is none just now. Our copy is closed once the other one is
   * on its way, and not when it is taken, as Node.js would have it: who waits for a controller that
   * died before it took the connection would wait for ever. The kernel closes what nobody took.
   */
  pass(connection: Socket): boolean {
    const child = this.#child;
    if (child === null || !child.connected) return false;
    const letGo = () => {
      this.#passing.delete(connection);
      connection.destroy();
    };
    this.#passing.add(connection);
    const message: KeeperToController = { kind: 'connection' };
    child.send(message, connection, { keepOpen: true }, letGo);
    return true;
  }

  /** Asks for a `down`; also each controller that is started from now on. */
  terminate(): void {
    this.#terminating = true;
    this.send({ kind: 'terminate' });
  }

  /** Ends it, whatever it does; it isn't started again. */
  async end(): Promise<void> {
    this.#ended = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const child = this.#child;
    if (child === null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), endMs);
    await exited;
    clearTimeout(kill);
  }

  #watch(child: ChildProcess): Watchdog {
    const { hangMs, log } = this.#options;
    const starvation = new Starvation(() => (child.pid === undefined ? [] : [child.pid]));
    return new Watchdog({
      silentMs: hangMs,
      firstMs: Math.max(hangMs, firstHeartbeatMs),
      isStarved: (now) => starvation.look(now),
      onSilent: () => {
        log(`controller ${child.pid} hangs: no heartbeat for ${hangMs} ms; killed`);
        child.kill('SIGKILL');
      },
    });
  }

  #hear(message: ControllerToKeeper): void {
    this.#watchdog?.beat();
    if (message.kind !== 'heartbeat') this.#options.onMessage(message);
  }

  #gone(child: ChildProcess, how: string | number, livedMs: number): void {
    this.#watchdog?.stop();
    if (this.#child === child) this.#child = null;
    for (const connection of this.#passing) connection.destroy();
    this.#passing.clear();
    if (this.#ended) return;
    if (this.#mayEnd && how === 0) {
      this.#options.onOver();
      return;
    }
    const delayMs = this.#backoff.next(livedMs);
    this.restarts++;
    this.#options.log(`controller ended (${how}); starts again in ${Math.round(delayMs)} ms`);
    this.#retry = setTimeout(() => this.start(), delayMs);
  }
}

function once<T>(callback: (value: T) => void): (value: T) => void {
  let called = false;
  return (value) => {
    if (!called) callback(value);
    called = true;
  };
}
