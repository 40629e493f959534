/**
 * One address of a service: accepts connections and leads each to an instance.
 *
 * 1. As long as nothing was sent, a connection that an instance doesn't take goes to the next.
 * 2. An instance that is no longer listed has no connection, unless it may drain.
 * 3. Who waits is served in order of arrival.
 */
import type { Socket } from 'node:net';
import type { RouteTarget } from '../model/command.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type { EndpointStats } from '../ports/endpoints.ts';
import { ClientConnection, destroy } from './client-connection.ts';
import { Connection } from './connection.ts';
import type { Leading } from './leading.ts';
import { PostgresSession } from './postgres/session.ts';
import { proxyHeader } from './proxy-header.ts';
import { connectUpstream } from './splice.ts';
import { Target } from './target.ts';
import { type Arrival, type Seats, WaitingRoom } from './waiting-room.ts';

/** So many of those that wait are led to instances at once: more would overflow the queue of an
 * instance's listening socket, from which they come late and in another order. */
const underWayMax = 100;
/** A connection that was made is taken out of that queue by then, if nothing shows it sooner. */
const takenMs = 50;
const quietLookMs = 50;

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
  #holds = false;
  /** Closes what is idle, while the service is to fall quiet. */
  #quiet: NodeJS.Timeout | null = null;
  /** Being connected, or perhaps still in an instance's queue. */
  #underWay = 0;
  /** Grows when connections that are being made lead to where they should no longer. */
  #generation = 0;

  constructor(service: ServiceName, spec: EndpointSpec, options: ProxyOptions) {
    this.service = service;
    this.spec = spec;
    this.#options = options;
    const holdMs = () => (this.#holds && this.spec.holdMs) || options.holdMs;
    this.#waiting = new WaitingRoom(options.seats, holdMs, () => this.#tryNext());
  }

  accept(accepted: Socket): void {
    const client = new ClientConnection(accepted, this.spec.session === undefined);
    const arrival: Arrival = { client, sinceMs: performance.now(), untilMs: 0 };
    // Whoever came first is served first, and one attempt at a time tells whether there is anybody.
    if (this.#waiting.isEmpty) this.#lead(arrival, []);
    else this.#waiting.enter(arrival);
  }

  /** Open and waiting connections. */
  get connections(): number {
    const open = this.#targets.reduce((sum, target) => sum + target.connections, 0);
    return open + this.#waiting.size;
  }

  get held(): { readonly connections: number; readonly longestMs: number } {
    return { connections: this.#waiting.size, longestMs: this.#waiting.longestMs };
  }

  /** Connections that may have something under way. */
  get busy(): number {
    return this.#targets.reduce((sum, target) => sum + target.busy, 0);
  }

  follow({ targets, hold, quiet, cut, unlisted }: Leading): void {
    const before = this.#targets;
    const listed = targets.map((route) => this.#keepOrMake(route, before));
    const left = before.filter((target) => !listed.includes(target));
    const draining = left.filter(
      (one) => unlisted === 'drain' && !cut.has(one.instance) && one.connections > 0,
    );
    for (const target of draining) this.#leave(target);
    this.#targets = [...listed, ...draining];
    this.#holds = hold;
    for (const target of left) {
      if (draining.includes(target)) continue;
      target.undrain();
      target.cut();
    }
    if (cut.size > 0) this.#generation++;
    for (const target of listed) if (cut.has(target.instance)) target.cut();
    this.#fallQuiet(quiet);
    this.#serveWaiting();
  }

  async drained(instance: InstanceId): Promise<void> {
    const target = this.#targets.find((known) => known.instance === instance);
    target?.drain(this.spec.drainMs);
    await target?.empty();
  }

  stats(): EndpointStats[] {
    return this.#targets.map((target) => target.stats(this.service));
  }

  #fallQuiet(quiet: boolean): void {
    if (this.#quiet !== null) clearInterval(this.#quiet);
    this.#quiet = null;
    if (!quiet) return;
    const look = () => {
      const now = performance.now();
      for (const target of this.#targets) target.closeIdle(now);
    };
    look();
    this.#quiet = setInterval(look, quietLookMs);
  }

  #keepOrMake(route: RouteTarget, before: readonly Target[]): Target {
    const known = before.find(
      ({ instance, port }) => instance === route.instance && port === route.port,
    );
    const target = known ?? new Target(route);
    if (route.state === 'draining') this.#leave(target);
    else if (target.state === 'draining') target.undrain();
    target.state = route.state;
    target.forgive();
    return target;
  }

  #leave(target: Target): void {
    target.state = 'draining';
    target.drain(this.spec.drainMs);
  }

  get #leadsSomewhere(): boolean {
    return !this.#holds && this.#targets.some(({ state }) => state === 'serving');
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
    const passes = this.#passes(arrival);
    const target = this.#holds && !passes ? null : this.#choose(tried);
    if (target === null) {
      this.#waiting.enter(arrival);
      return;
    }
    const begunMs = performance.now();
    const generation = this.#generation;
    const upstream = connectUpstream(target.port, (chunk) => arrival.client.answer(chunk));
    this.#underWay++;
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      this.#underWay--;
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
      this.#underWay--;
      upstream.off('error', fail);
      upstream.on('error', destroy);
      const isWanted = (passes || !this.#holds) && generation === this.#generation;
      if (isWanted && !client.destroyed && this.#targets.includes(target)) {
        this.#join(arrival, target, upstream, performance.now() - begunMs);
      } else {
        upstream.destroy();
        this.#lead(arrival, []);
      }
    });
  }

  #join({ client }: Arrival, target: Target, upstream: Socket, tookMs: number): void {
    if (this.spec.proxyProtocol) upstream.write(proxyHeader(client.socket));
    const connection = new Connection(client, upstream, {
      session: this.spec.session === 'postgres' ? new PostgresSession() : null,
      isToEnd: () => this.#quiet !== null,
      onClosed: () => target.closed(connection),
    });
    target.opened(connection, tookMs);
    if (!this.#waiting.isEmpty) this.#awaitTaken(client);
  }

  #awaitTaken(client: ClientConnection): void {
    this.#underWay++;
    const taken = () => {
      clearTimeout(timer);
      client.onAnswer = null;
      this.#underWay--;
      this.#serveWaiting();
    };
    const timer = setTimeout(taken, takenMs);
    client.onAnswer = taken;
    this.#serveWaiting();
  }

  /** A transaction that connections are held for may be cancelled. */
  #passes({ client }: Arrival): boolean {
    return this.spec.session === 'postgres' && client.onlyCancels;
  }

  /** Whether there is anybody is told by one attempt at a time. */
  #tryNext(): void {
    if (this.#quiet !== null) {
      for (const arrival of this.#waiting.take((one) => this.#passes(one))) this.#lead(arrival, []);
    }
    if (this.#underWay === 0) this.#serveWaiting(1);
  }

  #serveWaiting(atMost = underWayMax): void {
    while (this.#underWay < atMost && this.#leadsSomewhere) {
      const arrival = this.#waiting.next();
      if (arrival === null) return;
      if (arrival.client.hasGone) arrival.client.socket.destroy();
      else this.#lead(arrival, []);
    }
  }
}
