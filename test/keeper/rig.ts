/** Real keeper, endpoint process, controller stub and instances for one test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { keeperCommand } from '../../src/keeper/start.ts';
import type { GroupRoute, RouteTarget } from '../../src/model/command.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import { type Layout, layout as layoutOf } from '../../src/model/layout.ts';
import type { EndpointSpec } from '../../src/model/stack-spec.ts';
import { askOnce } from '../../src/ports/json-lines.ts';
import { type KeeperCommand, type KeeperStatus, keeperArgv } from '../../src/ports/keeper.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { socketPath } from '../../src/ports/socket-path.ts';

export type StubRequest =
  | {
      readonly kind: 'listen';
      readonly endpoints: readonly {
        readonly service: string;
        readonly endpoint: EndpointSpec;
        readonly endpointRead?: EndpointSpec;
      }[];
    }
  | {
      readonly kind: 'route';
      readonly service: string;
      readonly targets: readonly RouteTarget[];
      readonly group?: GroupRoute;
    }
  | { readonly kind: 'quiesce'; readonly service: string; readonly limitMs: number }
  | { readonly kind: 'release'; readonly service: string }
  | { readonly kind: 'drained'; readonly service: string; readonly instance: InstanceId }
  | { readonly kind: 'detach' | 'shutdown' };

export interface StubAnswer {
  readonly kind: 'ok' | 'failed';
  readonly code?: string;
  readonly message?: string;
  readonly pid?: number;
  /** Of `quiesce`. */
  readonly busy?: number;
}

const deadlineMs = 120_000;
const stub = fileURLToPath(new URL('./controller-stub.ts', import.meta.url));
const upstream = fileURLToPath(new URL('./upstream.ts', import.meta.url));

type Nothing = null | undefined | false;

/** Resolves with the first result that is something; rejects after a long time. */
export async function until<T>(
  what: string,
  probe: () => T | Nothing | Promise<T | Nothing>,
): Promise<T> {
  const givesUpAt = performance.now() + deadlineMs;
  for (;;) {
    const result = await probe();
    if (result !== null && result !== undefined && result !== false) return result;
    if (performance.now() > givesUpAt) throw new Error(`waited in vain: ${what}`);
    await pause(20);
  }
}

export function spec(port: number, changes: Partial<EndpointSpec> = {}): EndpointSpec {
  const times = { drainMs: 10_000, connectTimeoutMs: 2_000 };
  return { host: '127.0.0.1', port, protocol: 'tcp', proxyProtocol: false, ...times, ...changes };
}

export class Rig {
  readonly stateDir: string;
  readonly layout: Layout;
  readonly #root: string;
  readonly #children: ChildProcess[] = [];

  /** `below`: directories to put the state directory into. */
  constructor(below = '') {
    this.#root = mkdtempSync(`${tmpdir()}/daruma-keeper-`);
    this.stateDir = `${this.#root}${below}/state`;
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    this.layout = layoutOf(this.stateDir);
  }

  command(options: { readonly hangMs?: number; readonly version?: string } = {}): KeeperCommand {
    const controller = [process.execPath, stub, this.stateDir];
    const { version, hangMs } = options;
    const command = keeperCommand(
      this.stateDir,
      controller,
      hangMs === undefined ? {} : { hangMs },
    );
    if (version === undefined) return command;
    return { ...command, exec: [...command.exec, '--version', version] };
  }

  /** Starts a keeper; `started` waits until one answers and its controller runs. */
  start(command: KeeperCommand = this.command(), env = process.env): ChildProcess {
    const [program = '', ...args] = keeperArgv(command, []);
    const child = spawn(program, args, { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  async started(command: KeeperCommand = this.command()): Promise<KeeperStatus> {
    this.start(command);
    return this.settled('started', () => true);
  }

  /** Null: no keeper answers. */
  async status(): Promise<KeeperStatus | null> {
    try {
      const path = socketPath(this.layout.runDir, 'keeper.sock');
      return (await askOnce(path, { kind: 'status' }, 5_000)) as KeeperStatus;
    } catch {
      return null;
    }
  }

  /** Waits until keeper and controller answer and the condition holds. */
  settled(what: string, condition: (status: KeeperStatus) => boolean): Promise<KeeperStatus> {
    return until(what, async () => {
      const status = await this.status();
      if (status === null || status.controller.pid === null || !condition(status)) return null;
      const log = this.notes().filter((note) => note === `${status.controller.pid} started`);
      return log.length > 0 ? status : null;
    });
  }

  /** Asks the controller stub, waiting for one that listens. */
  ask(request: StubRequest): Promise<StubAnswer> {
    return until(`answer to ${request.kind}`, () => this.askNow(request).catch(() => null));
  }

  async askNow(request: StubRequest): Promise<StubAnswer> {
    const path = socketPath(this.layout.runDir, 'control.sock');
    return (await askOnce(path, request, deadlineMs)) as StubAnswer;
  }

  async askKeeper(request: object): Promise<unknown> {
    return askOnce(socketPath(this.layout.runDir, 'keeper.sock'), request, deadlineMs);
  }

  /** What controller stubs wrote: `PID text`. */
  notes(): string[] {
    try {
      return readFileSync(`${this.stateDir}/stub.log`, 'utf8').trimEnd().split('\n');
    } catch {
      return [];
    }
  }

  log(): string {
    return readFileSync(this.layout.controllerLog, 'utf8');
  }

  async upstream(name: string, port: number, ...options: string[]): Promise<ChildProcess> {
    const args = [upstream, name, String(port), ...options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    return child;
  }

  /** An endpoint that leads to the given instances, all serving. */
  async serve(service: string, endpoint: EndpointSpec, ports: readonly number[]): Promise<void> {
    done(await this.ask({ kind: 'listen', endpoints: [{ service, endpoint }] }));
    const targets = ports.map((port, index) => target(service, index + 1, port));
    done(await this.ask({ kind: 'route', service, targets }));
  }

  /** Ends every process whose command line names the state directory, also those brought back. */
  async end(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await until('all gone', async () => {
      const left = processesNaming(this.#root);
      for (const pid of left) if (identify(pid) !== null) process.kill(pid, 'SIGKILL');
      if (left.length > 0) return false;
      // One that was just being started may not bear its command line yet.
      await pause(100);
      return processesNaming(this.#root).length === 0;
    });
    rmSync(this.#root, { recursive: true, force: true });
  }
}

function done({ kind, code, message }: StubAnswer): void {
  if (kind === 'failed') throw new Error(`${code}: ${message}`);
}

function processesNaming(text: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || identify(pid) === null) return [];
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text) ? [pid] : [];
    } catch {
      return []; // It ended just now.
    }
  });
}

export function target(
  service: string,
  number: number,
  port: number,
  state: RouteTarget['state'] = 'serving',
): RouteTarget {
  return { instance: `${service}/${number}`, port, state };
}

/** Connects, sends one line and resolves with the answer; rejects when there is none. */
export async function exchange(port: number, line: string): Promise<string> {
  const client = await Client.open(port);
  const answer = await client.exchange(line);
  client.close();
  return answer;
}

/** A connection that stays open between questions. */
export class Client {
  readonly socket: net.Socket;
  #text = '';
  #waiting: PromiseWithResolvers<string> | null = null;
  closed = false;
  ended = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#hear(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => {
      this.closed = true;
      this.#waiting?.reject(new Error('closed'));
    });
    socket.on('end', () => {
      this.ended = true;
      this.#waiting?.reject(new Error('ended'));
    });
  }

  static async open(port: number): Promise<Client> {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Client(socket);
  }

  exchange(line: string): Promise<string> {
    if (this.closed || this.ended) return Promise.reject(new Error('the connection has ended'));
    this.#waiting = Promise.withResolvers<string>();
    this.socket.write(`${line}\n`);
    return this.#waiting.promise;
  }

  close(): void {
    this.socket.destroy();
  }

  #hear(chunk: string): void {
    this.#text += chunk;
    const end = this.#text.indexOf('\n');
    if (end === -1) return;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    this.#waiting?.resolve(line);
  }
}
