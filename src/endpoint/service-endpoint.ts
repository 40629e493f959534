/**
 * One service's address: accepts connections and hands each to whom speaks the endpoint's protocol.
 *
 * 1. Until it is known which protocol that is, connections wait, unread.
 * 2. When it changes, connections go on as they began.
 */
import net, { type Server, type Socket } from 'node:net';
import type { RouteTarget } from '../model/command.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type { EndpointStats } from '../ports/endpoints.ts';
import { HttpProxy } from './http/http-proxy.ts';
import { type ProxyOptions, ServiceProxy } from './service-proxy.ts';

/** How many connections the kernel may hold for us while no endpoint process accepts. */
const backlog = 4_096;

type Place = { readonly host: string; readonly port: number } | { readonly fd: number };

export class ServiceEndpoint {
  readonly service: ServiceName;
  readonly #address: EndpointSpec;
  readonly #servers: Server[] = [];
  readonly #tcp: ServiceProxy;
  readonly #http: HttpProxy;
  #early: Socket[] = [];
  #carrier: ServiceProxy | HttpProxy | null = null;

  /** `spec` counts until `configure`, but for its protocol. */
  constructor(service: ServiceName, spec: EndpointSpec, options: ProxyOptions) {
    this.service = service;
    this.#address = spec;
    this.#tcp = new ServiceProxy(service, spec, options);
    this.#http = new HttpProxy(service, spec, options);
  }

  configure(spec: EndpointSpec): void {
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

  route(routes: readonly RouteTarget[]): void {
    this.#tcp.route(routes);
    this.#http.route(routes);
  }

  async drained(instance: InstanceId): Promise<void> {
    await Promise.all([this.#tcp.drained(instance), this.#http.drained(instance)]);
  }

  stats(): EndpointStats[] {
    return this.#carrier?.stats() ?? [];
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
