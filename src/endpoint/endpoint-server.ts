/**
 * The endpoint process as a whole: an endpoint for each address, the routes file, the controller's
 * socket and the line to the keeper.
 *
 *   starting ──all listen──▶ serving ──another took over──▶ retiring ──last connection──▶ ended
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { GroupRoute } from '../model/command.ts';
import { DarumaError } from '../model/errors.ts';
import type { ServiceName } from '../model/ids.ts';
import type { Layout } from '../model/layout.ts';
import type { EndpointTable } from '../ports/endpoints.ts';
import type { EndpointFile, HeldAddress } from '../ports/keeper.ts';
import { ownIdentity } from '../ports/process-identity.ts';
import { replaceFile } from '../ports/replace-file.ts';
import { Control, type Result } from './control.ts';
import { Followers } from './followers.ts';
import { KeeperConnection } from './keeper-connection.ts';
import type { ControlRequest, RoutesFile } from './protocol.ts';
import { Retirement } from './retirement.ts';
import { readTables } from './routes-file.ts';
import { ServiceEndpoint } from './service-endpoint.ts';
import type { ProxyOptions } from './service-proxy.ts';
import { joined, joinedHeld } from './stats.ts';

const seats = 10_000;
const holdMs = 5_000;
const quietLookMs = 5;
/** Of our age: by then the processes before us have called, if there are any. */
const followersCallMs = 1_000;
/** So long after their limit connections are held for a switchover of which nothing is heard. */
const forgottenMs = 30_000;
const controlRetryMs = 1_000;
/** How long to wait for a predecessor's address when sockets can't be handed over. */
const plainListenMs = 3_000;

export interface EndpointServerOptions {
  readonly layout: Layout;
  readonly version: string;
  readonly held: readonly HeldAddress[];
  readonly withFds: boolean;
  /** How many file descriptors there are of each address: first one of each, then the next. */
  readonly copies: number;
}

export class EndpointServer {
  readonly #options: EndpointServerOptions;
  readonly #endpoints: readonly ServiceEndpoint[];
  readonly #control: Control;
  readonly #keeper: KeeperConnection;
  readonly #followers = new Followers();
  #retirement: Retirement | null = null;
  #tables: readonly EndpointTable[];
  readonly #expiring = new WeakSet<object>();
  /** Files that could not be written, each told once. */
  readonly #unwritten = new Set<string>();

  constructor(options: EndpointServerOptions) {
    const { layout, held } = options;
    this.#options = options;
    this.#tables = readTables(layout);
    this.#control = new Control(
      (request) => this.#carryOut(request),
      (socket, report) => this.#followers.hear(socket, report),
    );
    this.#followers.tell(this.#tables);
    const proxyOptions: ProxyOptions = {
      seats: { free: seats },
      holdMs,
      onRefused: (service, instance, error) =>
        this.#control.tell({ kind: 'refused', service, instance, error }),
    };
    this.#endpoints = held.map((address) => new ServiceEndpoint(address, proxyOptions));
    this.#applyTables([]);
    this.#expire();
    this.#keeper = new KeeperConnection({
      ...options,
      onRetire: () => this.#retire(),
      onShutdown: () => process.exit(0),
    });
  }

  async start(): Promise<void> {
    const { layout, version } = this.#options;
    if (!(await this.#listen())) return;
    const file: EndpointFile = { ...ownIdentity(), version };
    this.#keepFile(layout.endpointFile, file);
    await this.#openControl();
    this.#keeper.report({ kind: 'ready' });
  }

  /** Where no socket can be made (read-only file system) we serve as before, and try again. */
  async #openControl(): Promise<void> {
    try {
      await this.#control.open(this.#options.layout.runDir, () => ({
        kind: 'stats',
        stats: joined(this.#endpoints.flatMap((one) => one.stats())),
        held: joinedHeld(this.#endpoints.map((one) => one.held)),
      }));
    } catch (error) {
      console.error(`endpoint.sock: ${String(error)}`);
      setTimeout(() => void this.#openControl(), controlRetryMs);
    }
  }

  /** False: an address could not be had; the keeper has been told and ends us. */
  async #listen(): Promise<boolean> {
    const { held, withFds } = this.#options;
    if (!withFds) console.error('this Node.js cannot hold bound sockets: restarts may refuse some');
    for (const [index, one] of this.#endpoints.entries()) {
      try {
        await (withFds ? one.listen(this.#fdsOf(index)) : listenPlain(one));
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        const address = held[index];
        if (address !== undefined) this.#keeper.report({ kind: 'listen-failed', code, address });
        return false;
      }
    }
    return true;
  }

  #fdsOf(index: number): number[] {
    const { held, copies } = this.#options;
    return Array.from({ length: copies }, (_, copy) => 3 + copy * held.length + index);
  }

  async #carryOut(request: ControlRequest): Promise<Result> {
    if (request.kind === 'spawn-keeper') this.#keeper.startKeeper(request.command, request.env);
    if (request.kind === 'drained') {
      const { service, instance } = request;
      await Promise.all(this.#endpointsOf(service).map((one) => one.drained(instance)));
    }
    if (request.kind === 'route') {
      this.#route(request);
      if (request.group !== undefined) await this.#followers.caughtUp();
    }
    if (request.kind === 'listen') {
      this.#change(request.endpoints.map((one) => ({ ...this.#kept(one.service), ...one })));
    }
    if (request.kind === 'release') this.#release(request.service);
    if (request.kind === 'quiesce') return this.#quiesce(request.service, request.limitMs);
    return {};
  }

  /** Of a service that is listed anew. */
  #kept(service: ServiceName): Pick<EndpointTable, 'targets' | 'group' | 'quiesced'> {
    const { targets = [], group, quiesced } = this.#tableOf(service) ?? {};
    return { targets, ...withGroup(group), ...(quiesced === undefined ? {} : { quiesced }) };
  }

  async #quiesce(service: ServiceName, limitMs: number): Promise<Result> {
    const known = this.#tableOf(service);
    if (known === undefined) throw new DarumaError('NOT_FOUND', `${service} has no endpoint`);
    const quiesced = { limitMs };
    this.#replace({ ...known, quiesced });
    const endsAt = performance.now() + limitMs;
    for (;;) {
      const busy = this.#busy(service) + this.#followers.busy(service);
      const mayTell = busy === 0 && performance.now() >= followersCallMs;
      if (mayTell || performance.now() >= endsAt) return { busy };
      await pause(quietLookMs);
      if (this.#tableOf(service)?.quiesced !== quiesced) {
        throw new DarumaError('REFUSED', `${service}: connections are not held any more`);
      }
    }
  }

  #busy(service: ServiceName): number {
    return this.#endpointsOf(service).reduce((sum, one) => sum + one.busy, 0);
  }

  #release(service: ServiceName): void {
    const known = this.#tableOf(service);
    if (known === undefined) return;
    const { quiesced, ...rest } = known;
    if (quiesced !== undefined) this.#replace(rest);
  }

  /** Throws when a newer epoch is known (F6). */
  #route({ service, targets, group }: Extract<ControlRequest, { kind: 'route' }>): void {
    const known = this.#tableOf(service);
    if (known === undefined) return;
    refuseOlder(service, group, known.group);
    const { quiesced, group: _, ...rest } = known;
    const goesOn = quiesced !== undefined && group?.epoch === known.group?.epoch;
    this.#replace({ ...rest, targets, ...withGroup(group), ...(goesOn ? { quiesced } : {}) });
  }

  #replace(table: EndpointTable): void {
    this.#change(this.#tables.map((one) => (one.service === table.service ? table : one)));
  }

  #change(tables: readonly EndpointTable[]): void {
    const before = this.#tables;
    this.#tables = tables;
    this.#applyTables(before);
    this.#followers.tell(tables);
    this.#expire();
    const file: RoutesFile = { tables };
    this.#keepFile(this.#options.layout.routesFile, file);
  }

  /** Who held the connections of a service may never come back to release them. */
  #expire(): void {
    for (const { service, quiesced } of this.#tables) {
      if (quiesced === undefined || this.#expiring.has(quiesced)) continue;
      this.#expiring.add(quiesced);
      const expire = () => {
        if (this.#tableOf(service)?.quiesced !== quiesced) return;
        console.error(`${service}: nobody released its connections, which were held`);
        this.#release(service);
      };
      setTimeout(expire, quiesced.limitMs + forgottenMs);
    }
  }

  /** What is in memory counts; files are for the processes after us. */
  #keepFile(path: string, content: object): void {
    try {
      replaceFile(path, JSON.stringify(content));
      this.#unwritten.delete(path);
    } catch (error) {
      if (!this.#unwritten.has(path)) console.error(`${path}: ${String(error)}`);
      this.#unwritten.add(path);
    }
  }

  #applyTables(before: readonly EndpointTable[]): void {
    for (const table of this.#tables) {
      const old = before.find(({ service }) => service === table.service);
      for (const one of this.#endpointsOf(table.service)) one.apply(table, old);
    }
  }

  #tableOf(service: ServiceName): EndpointTable | undefined {
    return this.#tables.find((table) => table.service === service);
  }

  #endpointsOf(service: ServiceName): ServiceEndpoint[] {
    return this.#endpoints.filter((one) => one.service === service);
  }

  #retire(): void {
    this.#control.close();
    for (const one of this.#endpoints) one.close();
    this.#retirement ??= new Retirement({
      layout: this.#options.layout,
      apply: (tables) => {
        const before = this.#tables;
        this.#tables = tables;
        this.#applyTables(before);
      },
      connections: () => this.#endpoints.reduce((sum, one) => sum + one.connections, 0),
      busy: () =>
        Object.fromEntries(this.#tables.map((one) => [one.service, this.#busy(one.service)])),
      end: () => process.exit(0),
    });
  }
}

async function listenPlain(endpoint: ServiceEndpoint): Promise<void> {
  const givesUpAt = performance.now() + plainListenMs;
  for (;;) {
    try {
      return await endpoint.listen([]);
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!taken || performance.now() > givesUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function refuseOlder(
  service: ServiceName,
  asked: GroupRoute | undefined,
  known: GroupRoute | undefined,
): void {
  if (asked === undefined || known === undefined || asked.epoch >= known.epoch) return;
  const text = `F6: a route of ${service} in epoch ${asked.epoch} is older than epoch ${known.epoch}`;
  throw new DarumaError('REFUSED', text);
}

function withGroup(group: GroupRoute | undefined): Pick<EndpointTable, 'group'> {
  return group === undefined ? {} : { group };
}
