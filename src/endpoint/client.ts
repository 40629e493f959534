/**
 * The controller's side of the data path.
 *
 * 1. What was asked and not answered is asked again of the next endpoint process.
 * 2. Each new connection is first told what it should already know: addresses, then routes.
 */
import net, { type Socket } from 'node:net';
import type { GroupRoute, RouteTarget } from '../model/command.ts';
import { DarumaError } from '../model/errors.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { Layout } from '../model/layout.ts';
import type { Clock } from '../ports/clock.ts';
import type { EndpointStats, Endpoints, HeldStats } from '../ports/endpoints.ts';
import { readJsonLines, writeJsonLine } from '../ports/json-lines.ts';
import { type HeldAddress, type KeeperLink, ListenError } from '../ports/keeper.ts';
import { socketPath } from '../ports/socket-path.ts';
import { portHolder } from './port-owner.ts';
import type { ControlMessage, ControlRequest, ServiceEndpoint } from './protocol.ts';

const reconnectMs = 50;

export interface EndpointsOptions {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly keeper: KeeperLink;
}

export function createEndpoints(options: EndpointsOptions): Endpoints {
  return new EndpointClient(options);
}

type Asked = ControlRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;
type Done = Extract<ControlMessage, { readonly kind: 'done' }>;
type StatsListener = (stats: readonly EndpointStats[], held: readonly HeldStats[]) => void;
type RefusedListener = (service: ServiceName, instance: InstanceId, error: string) => void;

interface Pending {
  readonly request: Asked;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: Error) => void;
}

interface Route {
  readonly targets: readonly RouteTarget[];
  readonly group?: GroupRoute;
}

class EndpointClient implements Endpoints {
  readonly #options: EndpointsOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #routes = new Map<ServiceName, Route>();
  /** To be released as soon as their endpoints are open. */
  readonly #releases = new Set<ServiceName>();
  readonly #onStats: StatsListener[] = [];
  readonly #onRefused: RefusedListener[] = [];
  #endpoints: readonly ServiceEndpoint[] = [];
  /** Resolves when the last try to listen is over, well or not. */
  #listening: Promise<void> = Promise.resolve();
  #socket: Socket | null = null;
  #cancelReconnect: (() => void) | null = null;
  #nextId = 1;

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  listen(endpoints: readonly ServiceEndpoint[]): Promise<void> {
    const listening = this.#listen(endpoints);
    const over = (): void => undefined;
    this.#listening = listening.then(over, over);
    return listening;
  }

  async #listen(endpoints: readonly ServiceEndpoint[]): Promise<void> {
    try {
      await this.#options.keeper.listen(endpoints.flatMap(addressesOf));
    } catch (error) {
      throw error instanceof ListenError ? await forPeople(error) : error;
    }
    this.#endpoints = endpoints;
    const listed = new Set(endpoints.map(({ service }) => service));
    for (const service of this.#routes.keys()) {
      if (!listed.has(service)) this.#routes.delete(service);
    }
    if (endpoints.length === 0) {
      this.#letGo();
      return;
    }
    // Another process may serve now, while the one that we talk to retires.
    this.#socket?.destroy();
    await this.#ask({ kind: 'listen', endpoints });
    for (const [service, route] of this.#routes) await this.#tellRoute(service, route);
    for (const service of [...this.#releases]) {
      if (this.#releases.delete(service)) await this.release(service);
    }
  }

  async route(
    service: ServiceName,
    targets: readonly RouteTarget[],
    group?: GroupRoute,
  ): Promise<void> {
    const route = { targets, ...(group === undefined ? {} : { group }) };
    this.#routes.set(service, route);
    // Before its endpoint is open there is nobody to tell; `listen` hands over what is known then.
    if (this.#isListed(service)) await this.#tellRoute(service, route);
  }

  async drained(service: ServiceName, instance: InstanceId): Promise<void> {
    if (this.#isListed(service)) await this.#ask({ kind: 'drained', service, instance });
  }

  async quiesce(service: ServiceName, limitMs: number): Promise<number> {
    this.#releases.delete(service);
    // Those that a controller before us left open have connections already.
    if (!this.#isListed(service)) await this.#listening;
    if (!this.#isListed(service)) return 0;
    const { busy } = await this.#ask({ kind: 'quiesce', service, limitMs });
    if (busy === undefined) throw new DarumaError('NOT_RUNNING', 'the endpoints were let go');
    return busy;
  }

  async release(service: ServiceName): Promise<void> {
    if (this.#isListed(service)) await this.#ask({ kind: 'release', service });
    else this.#releases.add(service);
  }

  onStats(listener: StatsListener): void {
    this.#onStats.push(listener);
  }

  onRefused(listener: RefusedListener): void {
    this.#onRefused.push(listener);
  }

  async close(): Promise<void> {
    this.#letGo();
  }

  async shutdown(): Promise<void> {
    this.#letGo();
    await this.#options.keeper.shutdown();
  }

  #isListed(service: ServiceName): boolean {
    return this.#endpoints.some((endpoint) => endpoint.service === service);
  }

  async #tellRoute(service: ServiceName, route: Route): Promise<void> {
    try {
      await this.#ask({ kind: 'route', service, ...route });
    } catch (error) {
      if (this.#routes.get(service) === route) this.#routes.delete(service);
      throw error;
    }
  }

  #ask(request: Asked): Promise<Done> {
    const { promise, resolve, reject } = Promise.withResolvers<Done>();
    const id = this.#nextId++;
    this.#pending.set(id, { request, resolve, reject });
    if (this.#socket === null) this.#connect();
    else if (this.#socket.readyState === 'open') writeJsonLine(this.#socket, { ...request, id });
    return promise;
  }

  #connect(): void {
    this.#cancelReconnect?.();
    this.#cancelReconnect = null;
    const socket = net.connect(socketPath(this.#options.layout.runDir, 'endpoint.sock'));
    this.#socket = socket;
    socket.on('connect', () => this.#tellAll(socket));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#cancelReconnect = this.#options.clock.after(reconnectMs, () => this.#connect());
    });
    readJsonLines(socket, (message) => this.#hear(message as ControlMessage));
  }

  #tellAll(socket: Socket): void {
    writeJsonLine(socket, { kind: 'listen', id: 0, endpoints: this.#endpoints });
    for (const [service, route] of this.#routes) {
      writeJsonLine(socket, { kind: 'route', id: 0, service, ...route });
    }
    for (const [id, { request }] of this.#pending) writeJsonLine(socket, { ...request, id });
  }

  #hear(message: ControlMessage): void {
    if (message.kind === 'done') {
      const { id, error } = message;
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(message);
      else pending?.reject(new DarumaError('REFUSED', error.message));
    } else if (message.kind === 'stats') {
      for (const listener of this.#onStats) listener(message.stats, message.held);
    } else {
      const { service, instance, error } = message;
      for (const listener of this.#onRefused) listener(service, instance, error);
    }
  }

  /** What was asked is settled: there is nothing left to ask it of. */
  #letGo(): void {
    this.#cancelReconnect?.();
    this.#cancelReconnect = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    for (const [id, { resolve }] of this.#pending) resolve({ kind: 'done', id });
    this.#pending.clear();
    this.#endpoints = [];
    this.#routes.clear();
    this.#releases.clear();
  }
}

function addressesOf({ service, endpoint, endpointRead }: ServiceEndpoint): HeldAddress[] {
  const { host, port } = endpoint;
  const main = { service, host, port };
  if (endpointRead === undefined) return [main];
  return [main, { service, role: 'read', host: endpointRead.host, port: endpointRead.port }];
}

async function forPeople(error: ListenError): Promise<Error> {
  const { code, address } = error;
  if (address === null) {
    return new DarumaError('START_FAILED', 'the endpoint process does not start', { cause: error });
  }
  const where = `${address.host}:${address.port} (endpoint of ${address.service})`;
  if (code === 'EADDRINUSE') {
    const owner = await portHolder(address.host, address.port);
    return new DarumaError('PORT_TAKEN', `${where} is taken by ${owner ?? 'another process'}`, {
      cause: error,
    });
  }
  const why =
    code === 'EACCES'
      ? 'ports below 1024 need CAP_NET_BIND_SERVICE'
      : code === 'EADDRNOTAVAIL'
        ? 'this machine has no such address'
        : code;
  return new DarumaError('REQUIREMENT_UNMET', `can't listen on ${where}: ${why}`, { cause: error });
}
