/**
 * The parent process: holds the listening sockets, keeps one controller and one endpoint process
 * running, and hands all of it to a successor when asked.
 *
 * 1. One keeper per state directory: it has `run/keeper.lock` for as long as it lives.
 * 2. It knows nothing of the stack: what it holds is what the controller told it.
 * 3. It ends only on purpose: after shutdown or detach and the controller's exit with code 0, or
 *    when a successor runs.
 */
import { spawn } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import type { Layout } from '../model/layout.ts';
import {
  type ControllerToKeeper,
  type EndpointFile,
  type EndpointToKeeper,
  type HeldAddress,
  type KeeperCommand,
  type KeeperFile,
  type KeeperRequest,
  type KeeperStatus,
  keeperArgv,
  ListenError,
} from '../ports/keeper.ts';
import type { Lock } from '../ports/lock.ts';
import { isAlive, ownIdentity } from '../ports/process-identity.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import { ControllerProcess } from './controller-process.ts';
import { Door } from './door.ts';
import { EndpointProcess } from './endpoint-process.ts';
import { addressOf, type HeldSocket } from './held-sockets.ts';
import { logLine, withLog } from './log-file.ts';
import { openRelay } from './relay.ts';
import { openRequests } from './requests.ts';
import { Systemd } from './systemd.ts';

export interface KeeperOptions {
  readonly layout: Layout;
  readonly command: KeeperCommand;
  readonly version: string;
  readonly hangMs: number;
  readonly sockets: readonly HeldSocket[];
  readonly lock: Lock;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #controller: ControllerProcess;
  readonly #endpoint: EndpointProcess;
  readonly #door: Door;
  readonly #systemd: Systemd;
  #servers: readonly Server[] = [];
  /** Called when the successor that is being started has come up. */
  #succeeded: (() => void) | null = null;

  constructor(options: KeeperOptions) {
    const { layout, command, version, hangMs } = options;
    const log = (text: string) => this.#log(text);
    this.#options = options;
    this.#systemd = new Systemd(log);
    this.#endpoint = new EndpointProcess(
      { stateDir: layout.stateDir, logFile: layout.controllerLog, version, command, hangMs, log },
      options.sockets,
    );
    this.#door = new Door({
      stateDir: layout.stateDir,
      logFile: layout.controllerLog,
      file: layout.consoleFile,
      log,
    });
    this.#controller = new ControllerProcess({
      command,
      logFile: layout.controllerLog,
      hangMs,
      log,
      onMessage: (message) => this.#hear(message),
      onOver: () => this.#leave(),
    });
  }

  async start(): Promise<void> {
    const { layout, version, sockets } = this.#options;
    const requests = await openRequests(layout.runDir, {
      endpoint: (link, first) => this.#endpointCalled(link, first),
      answer: (request) => this.#answer(request),
    });
    const relay = await openRelay(layout, (connection) => this.#controller.pass(connection));
    this.#servers = [requests, relay];
    this.#writeFile({ ...ownIdentity(), version });
    this.#log(`keeper ${process.pid} (version ${version}) started`);
    this.#controller.start();
    this.#systemd.follow(() => this.#controller.beatsLately);
    if (sockets.length > 0) this.#adoptOrStart();
  }

  /** SIGTERM: a `down` is the controller's business. */
  terminate(): void {
    this.#systemd.stopping();
    this.#controller.terminate();
  }

  #endpointCalled(link: Socket, first: EndpointToKeeper): (message: EndpointToKeeper) => void {
    if (first.kind !== 'endpoint') return () => link.destroy();
    const endpoint = this.#endpoint.attach(link, first);
    return (message) => endpoint.hear(message);
  }

  /** The endpoint process that held the sockets until now calls by itself, if it lives. */
  #adoptOrStart(): void {
    const found = readJsonFile(this.#options.layout.endpointFile) as EndpointFile | null;
    const givesUpAt = performance.now() + this.#options.hangMs;
    const look = setInterval(() => {
      const comes = found === null || isAlive(found);
      if (this.#endpoint.pid === null && comes && performance.now() < givesUpAt) return;
      clearInterval(look);
      this.#endpoint.ensure().catch((error: Error) => this.#log(error.message));
    }, 20);
  }

  #hear(message: ControllerToKeeper): void {
    if (message.kind === 'listen') this.#listen(message.id, message.endpoints);
    if (message.kind === 'console') this.#door.set(message.settings);
    if (message.kind === 'shutdown') this.#shutdown(message.id);
    if (message.kind === 'detach') {
      this.#endpoint.release('detach');
      this.#controller.mayEnd = true;
      this.#controller.send({ kind: 'done', id: message.id });
    }
  }

  #listen(id: number, endpoints: readonly HeldAddress[]): void {
    this.#controller.mayEnd = false;
    this.#endpoint.listen(endpoints).then(
      () => this.#controller.send({ kind: 'listening', id }),
      (error: unknown) => {
        const { code, address } =
          error instanceof ListenError ? error : new ListenError('START_FAILED', null);
        this.#controller.send({ kind: 'listen-failed', id, code, address });
      },
    );
  }

  #shutdown(id: number): void {
    this.#systemd.stopping();
    this.#endpoint.end().then(() => {
      this.#controller.mayEnd = true;
      this.#controller.send({ kind: 'done', id });
    });
  }

  #answer(request: KeeperRequest): Promise<object> {
    if (request.kind === 'status') return Promise.resolve(this.#status());
    if (request.kind === 'replace') return this.#replace(request);
    if (request.kind === 'successor' && this.#succeeded !== null) {
      this.#succeeded();
      return Promise.resolve({ kind: 'going' });
    }
    return Promise.reject(new Error('not expected'));
  }

  #status(): KeeperStatus {
    return {
      kind: 'status',
      pid: process.pid,
      version: this.#options.version,
      controller: { pid: this.#controller.pid, restarts: this.#controller.restarts },
      endpoint: { pid: this.#endpoint.pid, restarts: this.#endpoint.restarts },
      api: { pid: this.#door.pid },
      held: this.#endpoint.sockets.map(addressOf),
    };
  }

  /** Starts the successor; once it runs, ends the controller and then ourselves. */
  async #replace(request: Extract<KeeperRequest, { kind: 'replace' }>): Promise<object> {
    if (this.#succeeded !== null) throw new Error('a successor is being started already');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#succeeded = resolve;
    const child = this.#spawnSuccessor(request);
    child.on('error', (error) => reject(error));
    child.on('exit', (code) => reject(new Error(`the new keeper ended with code ${code}`)));
    try {
      await promise;
    } catch (error) {
      this.#succeeded = null;
      throw error;
    }
    void this.#handOver(child.pid ?? 0);
    return { kind: 'replaced', pid: child.pid };
  }

  #spawnSuccessor({ exec, controller, env }: Extract<KeeperRequest, { kind: 'replace' }>) {
    const { sockets } = this.#endpoint;
    const fds = sockets.flatMap(({ fd }) => (fd === null ? [] : [fd]));
    const without = fds.length < sockets.length ? ['--without-fds'] : [];
    // A successor of a keeper without sockets is a successor all the same.
    const none = sockets.length === 0 ? ['--held', '[]'] : [];
    const command = { exec: [...exec.slice(1), ...without, ...none], controller };
    return withLog(this.#options.layout.controllerLog, (log) =>
      spawn(exec[0] ?? process.execPath, keeperArgv(command, sockets.map(addressOf)), {
        detached: true,
        env: { ...(env ?? process.env), ...ofSystemd() },
        stdio: ['ignore', log, log, ...fds],
      }),
    );
  }

  async #handOver(successor: number): Promise<void> {
    this.#endpoint.release('successor');
    // The successor's controller asks for the same address.
    this.#door.close();
    await this.#systemd.mainPid(successor);
    await this.#controller.end();
    this.#leave();
  }

  #leave(): void {
    for (const server of this.#servers) server.close();
    this.#door.close();
    this.#log(`keeper ${process.pid} ends`);
    this.#options.lock.release();
    process.exit(0);
  }

  #writeFile(file: KeeperFile): void {
    try {
      replaceFile(this.#options.layout.keeperFile, JSON.stringify(file));
    } catch (error) {
      // The lock is what counts; the file only tells people and newcomers.
      this.#log(`keeper.json: ${String(error)}`);
    }
  }

  #log(text: string): void {
    logLine(this.#options.layout.controllerLog, 'keeper', text);
  }
}

/** Who starts us may have another environment, but systemd waits for word where it told us. */
function ofSystemd(): Record<string, string> {
  const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
