/**
 * The endpoint process as a whole: one endpoint per service, the routes file, the controller's
 * socket and the line to the keeper.
 *
 *   starting ──all listen──▶ serving ──another took over──▶ retiring ──last connection──▶ ended
 */
import type { Layout } from '../model/layout.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type { EndpointTable } from '../ports/endpoints.ts';
import type { EndpointFile, HeldAddress } from '../ports/keeper.ts';
import { ownIdentity } from '../ports/process-identity.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import { Control } from './control.ts';
import { KeeperConnection } from './keeper-connection.ts';
import type { ControlRequest, RoutesFile } from './protocol.ts';
import { ServiceEndpoint } from './service-endpoint.ts';
import type { ProxyOptions } from './service-proxy.ts';

const seats = 1_000;
const holdMs = 5_000;
/** How long a retiring process may live for its last connections. */
const retiringMs = 3_600_000;
const retiringLookMs = 500;
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
  #tables: readonly EndpointTable[];
  /** Files that could not be written, each told once. */
  readonly #unwritten = new Set<string>();

  constructor(options: EndpointServerOptions) {
    const { layout, held } = options;
    this.#options = options;
    this.#tables = readTables(layout);
    this.#control = new Control((request) => this.#carryOut(request));
    const proxyOptions: ProxyOptions = {
      seats: { free: seats },
      holdMs,
      onRefused: (service, instance, error) =>
        this.#control.tell({ kind: 'refused', service, instance, error }),
    };
    this.#endpoints = held.map(
      (address) => new ServiceEndpoint(address.service, defaultSpec(address), proxyOptions),
    );
    this.#applyTables();
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
    const stats = () => this.#endpoints.flatMap((one) => one.stats());
    try {
      await this.#control.open(this.#options.layout.runDir, () => ({
        kind: 'stats',
        stats: stats(),
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

  async #carryOut(request: ControlRequest): Promise<void> {
    if (request.kind === 'spawn-keeper') this.#keeper.startKeeper(request.command, request.env);
    if (request.kind === 'drained') await this.#find(request.service)?.drained(request.instance);
    if (request.kind === 'route') {
      this.#tables = this.#tables.map((table) =>
        table.service === request.service ? { ...table, targets: request.targets } : table,
      );
      this.#changed();
    }
    if (request.kind === 'listen') {
      this.#tables = request.endpoints.map(({ service, endpoint }) => {
        const known = this.#tables.find((table) => table.service === service);
        return { service, endpoint, targets: known?.targets ?? [] };
      });
      this.#changed();
    }
  }

  #changed(): void {
    this.#applyTables();
    const file: RoutesFile = { tables: this.#tables };
    this.#keepFile(this.#options.layout.routesFile, file);
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

  #applyTables(): void {
    for (const { service, endpoint, targets } of this.#tables) {
      const one = this.#find(service);
      if (one === undefined) continue;
      one.configure(endpoint);
      one.route(targets);
    }
  }

  #find(service: string): ServiceEndpoint | undefined {
    return this.#endpoints.find((one) => one.service === service);
  }

  /** Takes no more, follows the routes that our successor keeps, and ends with the last one. */
  #retire(): void {
    this.#control.close();
    for (const one of this.#endpoints) one.close();
    const endsAt = performance.now() + retiringMs;
    const look = () => {
      const open = this.#endpoints.some((one) => one.connections > 0);
      if (!open || performance.now() > endsAt) process.exit(0);
      this.#tables = readTables(this.#options.layout);
      this.#applyTables();
    };
    setInterval(look, retiringLookMs);
    look();
  }
}

function readTables(layout: Layout): readonly EndpointTable[] {
  const file = readJsonFile(layout.routesFile) as RoutesFile | null;
  return file?.tables ?? [];
}

/** Until the controller has said how it is to be. */
function defaultSpec({ host, port }: HeldAddress): EndpointSpec {
  const times = { drainMs: 10_000, connectTimeoutMs: 1_000 };
  return { host, port, protocol: 'tcp', proxyProtocol: false, ...times };
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
