/**
 * One service's endpoint: accepts connections and leads each to an instance.
 *
 * 1. As long as nothing was sent, a connection that an instance doesn't take goes to the next.
 * 2. An instance that is no longer listed has no connection.
 */
import type { Socket } from 'node:net';
import type { RouteTarget } from '../model/command.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type { EndpointStats } from '../ports/endpoints.ts';
import { ClientConnection, destroy } from './client-connection.ts';
import { proxyHeader } from './proxy-header.ts';
import { connectUpstream, splice } from './splice.ts';
import { Target } from './target.ts';
import { type Arrival, type Seats, WaitingRoom } from './waiting-room.ts';

export interface ProxyOptions {
  readonly seats: Seats;
  /** How long a connection may wait for an instance. */
  readonly holdMs: number;
  readonly onRefused: (service: ServiceName, instance: InstanceId, error: string) => void;
}

export class ServiceProxy {
  readonly service: ServiceName;
  spec: EndpointSpec;
  readonly #options: ProxyOptions;
  readonly #waiting: WaitingRoom;
  #targets: readonly Target[] = [];
  #turn = 0;

  constructor(service: ServiceName, spec: EndpointSpec, options: ProxyOptions) {
    this.service = service;
    this.spec = spec;
    this.#options = options;
    this.#waiting = new WaitingRoom(options.seats, options.holdMs, () => this.#tryNext());
  }

  accept(accepted: Socket): void {
    this.#arrive({ client: new ClientConnection(accepted), waitsUntil: null });
  }

  /** Open and waiting connections. */
  get connections(): number {
    const open = this.#targets.reduce((sum, target) => sum + target.connections, 0);
    return open + this.#waiting.size;
  }

  route(routes: readonly RouteTarget[]): void {
    const before = this.#targets;
    this.#targets = routes.map((route) => this.#keepOrMake(route, before));
    for (const target of before) {
      if (this.#targets.includes(target)) continue;
      target.undrain();
      target.cut();
    }
    if (this.#choose([]) !== null) this.#tryAll();
  }

  async drained(instance: InstanceId): Promise<void> {
    const target = this.#targets.find((known) => known.instance === instance);
    target?.drain(this.spec.drainMs);
    await target?.empty();
  }

  stats(): EndpointStats[] {
    return this.#targets.map((target) => target.stats(this.service));
  }

  #keepOrMake(route: RouteTarget, before: readonly Target[]): Target {
    const known = before.find(
      ({ instance, port }) => instance === route.instance && port === route.port,
    );
    const target = known ?? new Target(route);
    if (route.state === 'draining') target.drain(this.spec.drainMs);
    else if (target.state === 'draining') target.undrain();
    target.state = route.state;
    target.forgive();
    return target;
  }

  #arrive(arrival: Arrival): void {
    // Whoever came first is served first, and one attempt at a time tells whether there is anybody.
    if (this.#waiting.isEmpty) this.#lead(arrival, []);
    else this.#waiting.enter(arrival);
  }

  /** Round robin; those that refused lately only when there are no others. */
  #choose(tried: readonly Target[]): Target | null {
    const now = performance.now();
    let skipped: Target | null = null;
    const count = this.#targets.length;
    for (let step = 0; step < count; step++) {
      const target = this.#targets[(this.#turn + step) % count];
      if (target === undefined || target.state !== 'serving' || tried.includes(target)) continue;
      if (target.skipUntil <= now) {
        this.#turn = (this.#turn + step + 1) % count;
        return target;
      }
      if (skipped === null || target.skipUntil < skipped.skipUntil) skipped = target;
    }
    return skipped;
  }

  #lead(arrival: Arrival, tried: readonly Target[]): void {
    const client = arrival.client.socket;
    if (client.destroyed) return;
    const target = this.#choose(tried);
    if (target === null) {
      this.#waiting.enter(arrival);
      return;
    }
    const begunMs = performance.now();
    const upstream = connectUpstream(target.port, client);
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      upstream.destroy();
      target.refused(performance.now());
      this.#options.onRefused(this.service, target.instance, error.code ?? error.message);
      this.#lead(arrival, [...tried, target]);
    };
    const timer = setTimeout(() => {
      upstream.off('error', fail);
      upstream.on('error', destroy);
      fail(Object.assign(new Error('connect timed out'), { code: 'ETIMEDOUT' }));
    }, this.spec.connectTimeoutMs);
    upstream.once('error', fail);
    upstream.once('connect', () => {
      clearTimeout(timer);
      upstream.off('error', fail);
      upstream.on('error', destroy);
      this.#join(arrival, target, upstream, performance.now() - begunMs);
    });
  }

  #join(arrival: Arrival, target: Target, upstream: Socket, tookMs: number): void {
    const { client } = arrival;
    if (client.socket.destroyed || !this.#targets.includes(target)) {
      upstream.destroy();
      this.#lead(arrival, []);
      return;
    }
    if (this.spec.proxyProtocol) upstream.write(proxyHeader(client.socket));
    const connection = splice(client, upstream, () => target.closed(connection));
    client.flowTo(upstream);
    target.opened(connection, tookMs);
    if (arrival.waitsUntil !== null) this.#tryAll();
  }

  #tryNext(): void {
    if (this.#choose([]) === null) return;
    const arrival = this.#waiting.next();
    if (arrival !== null) this.#lead(arrival, []);
  }

  #tryAll(): void {
    for (const arrival of this.#waiting.all()) this.#lead(arrival, []);
  }
}
