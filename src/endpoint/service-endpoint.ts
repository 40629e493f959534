/**
 * An address of a service: accepts connections and hands each to whom speaks its protocol.
 *
 * 1. Until it is known which protocol that is, connections wait, unread.
 * 2. When it changes, connections go on as they began.
 */
import net, { type Server, type Socket } from 'node:net';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type { EndpointStats, EndpointTable, HeldStats } from '../ports/endpoints.ts';
import type { HeldAddress } from '../ports/keeper.ts';
import { HttpProxy } from './http/http-proxy.ts';
import { leadingOf } from './leading.ts';
import { type ProxyOptions, ServiceProxy } from './service-proxy.ts';

/** How many connections the kernel may hold for us while no endpoint process accepts. */
const backlog = 4_096;

type Place = { readonly host: string; readonly port: number } | { readonly fd: number };

export class ServiceEndpoint {
  readonly service: ServiceName;
  readonly #role: 'main' | 'read';
  readonly #address: HeldAddress;
  readonly #servers: Server[] = [];
  readonly #tcp: ServiceProxy;
  readonly #http: HttpProxy;
  #early: Socket[] = [];
  #carrier: ServiceProxy | HttpProxy | null = null;

  constructor(address: HeldAddress, options: ProxyOptions) {
    const { service } = address;
    const spec = defaultSpec(address);
    this.service = service;
    this.#role = address.role ?? 'main';
    this.#address = address;
    this.#tcp = new ServiceProxy(service, spec, options);
    this.#http = new HttpProxy(service, spec, options);
  }

  /** `before`: the table that it replaces, if there was one. */
  apply(table: EndpointTable, before: EndpointTable | undefined): void {
    const spec = this.#role === 'main' ? table.endpoint : table.endpointRead;
    if (spec !== undefined) this.#configure(spec);
    const leading = leadingOf(this.#role, table, before);
    this.#tcp.follow(leading);
    this.#http.follow(leading);
  }

  #configure(spec: EndpointSpec): void {
    this.#tcp.spec = spec;
    this.#http.spec = spec;
    this.#carrier = spec.protocol === 'http' ? this.#http : this.#tcp;
    const early = this.#early;
    this.#early = [];
    for (const accepted of early) this.#carrier.accept(accepted);
  }

  /** `fds`: all of one bound socket; none: bind by ourselves. Rejects with the system's error. */
  async listen(fds: readonly number[]): Promise<void> {
    const { host, port } = this.#address;
    const places = fds.length === 0 ? [{ host, port }] : fds.map((fd) => ({ fd }));
    await Promise.all(places.map((place) => this.#listen(place)));
  }

  /** Accepts no more; connections go on. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#http.retire();
  }

  /** Open and waiting connections. */
  get connections(): number {
    return this.#tcp.connections + this.#http.connections + this.#early.length;
  }

  async drained(instance: InstanceId): Promise<void> {
    await Promise.all([this.#tcp.drained(instance), this.#http.drained(instance)]);
  }

  stats(): EndpointStats[] {
    return this.#carrier?.stats() ?? [];
  }

  /** Connections with something under way that its end would break. */
  get busy(): number {
    return this.#role === 'main' ? this.#tcp.busy + this.#http.busy : 0;
  }

  get held(): HeldStats {
    const { connections = 0, longestMs = 0 } = this.#carrier?.held ?? {};
    return { service: this.service, connections, longestSeconds: longestMs / 1_000 };
  }

  #listen(place: Place): Promise<void> {
    const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
    const server = net.createServer(options, (accepted) => {
      if (this.#carrier === null) this.#early.push(accepted);
      else this.#carrier.accept(accepted);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...place, backlog, exclusive: true }, () => {
        this.#servers.push(server);
        resolve();
      });
    });
  }
}

/** Until the controller has said how it is to be. */
function defaultSpec({ host, port }: HeldAddress): EndpointSpec {
  const times = { drainMs: 10_000, connectTimeoutMs: 1_000 };
  return { host, port, protocol: 'tcp', proxyProtocol: false, ...times };
}
