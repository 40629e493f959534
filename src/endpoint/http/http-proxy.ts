/**
 * One service's endpoint with `protocol: http`: leads each request to an instance.
 *
 * 1. An instance that is no longer listed has no connection, unless it may drain.
 * 2. What may be sent a second time is told by `Exchange`; how often, by the budget.
 * 3. An instance is put out for its silence only while another one answers.
 */
import type { Socket } from 'node:net';
import type { RouteTarget } from '../../model/command.ts';
import type { InstanceId, ServiceName } from '../../model/ids.ts';
import type { EndpointSpec, HttpEndpointSpec } from '../../model/stack-spec.ts';
import type { EndpointStats } from '../../ports/endpoints.ts';
import type { Leading } from '../leading.ts';
import type { ProxyOptions } from '../service-proxy.ts';
import { nextInTurn } from './balance.ts';
import type { Dispatcher, Exchange } from './exchange.ts';
import { HoldingLine } from './holding-line.ts';
import { HttpInstance } from './http-instance.ts';
import { RetryBudget } from './retry-budget.ts';
import { Session, type SessionOptions } from './session.ts';
import { type Instance, Upstream } from './upstream.ts';

const tickMs = 10;
/** So long does it tick on without need. */
const idleTicksMax = 100;
const sweepMs = 500;
/** More at once would overflow the queue of an instance's listening socket. */
const leadsPerTick = 100;
/** How often somebody in the holding line tries whether there is an instance again. */
const holdingLookMs = 50;
/** What can't be sent twice goes on no connection that the instance may be closing just now. */
const unrepeatableIdleMs = 1_000;

const defaultHttp: HttpEndpointSpec = {
  retry: ['GET', 'HEAD', 'OPTIONS'],
  bodyBytesMax: null,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
};

export class HttpProxy implements Dispatcher {
  readonly service: ServiceName;
  readonly #options: ProxyOptions;
  readonly #session: SessionOptions;
  readonly #sessions = new Set<Session>();
  readonly #line: HoldingLine;
  readonly #budget = new RetryBudget();
  /** Sent, and no byte of an answer is there. */
  readonly #pending = new Set<Exchange>();
  spec: EndpointSpec;
  #instances: readonly Instance[] = [];
  #serving: readonly Instance[] = [];
  #isRetiring = false;
  #holds = false;
  #tick: NodeJS.Timeout | null = null;
  #idleTicks = 0;
  #sweep: NodeJS.Timeout | null = null;
  #lookAtLineMs = 0;
  /** There is somebody for those in the line. */
  #flows = false;
  /** How many of them may still be led in this tick. */
  #leads = leadsPerTick;

  constructor(service: ServiceName, spec: EndpointSpec, options: ProxyOptions) {
    this.service = service;
    this.spec = spec;
    this.#options = options;
    const holdMs = () => (this.#holds && this.spec.holdMs) || options.holdMs;
    this.#line = new HoldingLine(options.seats, holdMs);
    this.#session = {
      dispatcher: this,
      headTimeoutMs: () => this.#http.headTimeoutMs,
      idleTimeoutMs: () => this.#http.idleTimeoutMs,
      bodyBytesMax: () => this.#http.bodyBytesMax,
      isRetiring: () => this.#isRetiring,
      onClosed: (session) => this.#sessions.delete(session),
    };
  }

  accept(accepted: Socket): void {
    this.#sessions.add(new Session(accepted, this.#session));
    this.#sweep ??= setInterval(() => this.#look(), sweepMs);
  }

  retire(): void {
    this.#isRetiring = true;
  }

  /** Of clients. */
  get connections(): number {
    return this.#sessions.size;
  }

  get held(): { readonly connections: number; readonly longestMs: number } {
    const longestMs = this.#line.longestMs(performance.now());
    return { connections: this.#line.size, longestMs };
  }

  /** Requests and upgraded connections that are under way. */
  get busy(): number {
    return this.#instances.reduce((sum, { inUse }) => sum + inUse, 0);
  }

  follow({ targets, hold, cut, unlisted }: Leading): void {
    const before = this.#instances;
    const listed = targets.map((route) => this.#keepOrMake(route, before));
    const left = before.filter((instance) => !listed.includes(instance));
    const draining = left.filter(
      (one) => unlisted === 'drain' && !cut.has(one.id) && one.inUse > 0,
    );
    this.#holds = hold;
    this.#instances = [...listed, ...draining];
    this.#serving = hold ? [] : listed.filter(({ state }) => state === 'serving');
    for (const instance of left) {
      instance.state = 'draining';
      if (draining.includes(instance)) {
        instance.drain(this.spec.drainMs);
      } else {
        instance.undrain();
        instance.cut();
      }
    }
    for (const instance of listed) if (cut.has(instance.id)) instance.cut();
    if (this.#serving.length > 0) this.#leadLine();
  }

  async drained(id: InstanceId): Promise<void> {
    const instance = this.#instances.find((known) => known.id === id);
    instance?.drain(this.spec.drainMs);
    await instance?.empty();
  }

  stats(): EndpointStats[] {
    return this.#instances.map((instance) => instance.stats(this.service));
  }

  mayRepeat(method: string): boolean {
    return this.#http.retry.includes(method);
  }

  lead(exchange: Exchange): void {
    const now = performance.now();
    const isNew = exchange.waitsSinceMs === null && exchange.tried.length === 0;
    if (isNew) this.#budget.request(now);
    // Whoever came first is served first, and one try at a time tells whether there is anybody.
    if (isNew && !this.#line.isEmpty) this.#hold(exchange, now);
    else this.#lead(exchange, now);
  }

  settled(exchange: Exchange): void {
    this.#pending.delete(exchange);
    this.#line.leave(exchange);
  }

  refused(instance: Instance, code: string): void {
    instance.refused(performance.now());
    this.#options.onRefused(this.service, instance.id, code);
  }

  takeRetry(): boolean {
    return this.#budget.take(performance.now());
  }

  connected(exchange: Exchange): void {
    if (exchange.waitsSinceMs !== null && !this.#line.isEmpty) this.#leadLine();
  }

  get #http(): HttpEndpointSpec {
    return this.spec.http ?? defaultHttp;
  }

  #keepOrMake(route: RouteTarget, before: readonly Instance[]): Instance {
    const known = before.find(({ id, port }) => id === route.instance && port === route.port);
    const instance = known ?? new HttpInstance<Upstream>(route);
    const wasDraining = instance.state === 'draining';
    instance.weight = route.weight ?? 1;
    instance.state = route.state;
    if (route.state === 'draining') instance.drain(this.spec.drainMs);
    else if (wasDraining) {
      instance.undrain();
      instance.liveness.forgive();
    }
    return instance;
  }

  #lead(exchange: Exchange, now: number): void {
    const instance = this.#choose(exchange, now);
    if (instance === null) {
      exchange.forgetTried();
      this.#hold(exchange, now);
      return;
    }
    this.#try(exchange, instance, now);
  }

  #try(exchange: Exchange, instance: Instance, now: number): void {
    this.#pending.add(exchange);
    this.#tick ??= setInterval(() => this.#watch(), tickMs);
    exchange.try(this.#connection(exchange, instance, now), now);
  }

  #connection(exchange: Exchange, instance: Instance, now: number): Upstream {
    if (this.spec.proxyProtocol) return new Upstream(instance, exchange.clientSocket);
    const idleMs = exchange.isRepeatable ? Number.POSITIVE_INFINITY : unrepeatableIdleMs;
    return instance.takeIdle(now, idleMs) ?? new Upstream(instance, null);
  }

  #choose(exchange: Exchange, now: number): Instance | null {
    const { tried } = exchange;
    if (tried.length === 0 && !this.#serving.some(({ liveness }) => liveness.isOut)) {
      return nextInTurn(this.#serving);
    }
    const left = this.#serving.filter((one) => one.weight > 0 && !tried.includes(one));
    const trusted = left.filter(({ liveness }) => !liveness.isOut);
    if (trusted.length === 0) return soonest(left);
    const probed = left.find(({ liveness }) => liveness.mayProbe(now, exchange.isRepeatable));
    if (probed === undefined) return nextInTurn(trusted);
    probed.liveness.probed(now);
    return probed;
  }

  #hold(exchange: Exchange, now: number): void {
    this.#pending.delete(exchange);
    this.#tick ??= setInterval(() => this.#watch(), tickMs);
    if (exchange.waitsSinceMs !== null) this.#flows = false;
    if (!this.#line.enter(exchange, now)) exchange.giveUp(503, 'no instance is ready');
  }

  #leadLine(): void {
    const now = performance.now();
    this.#flows = true;
    while (this.#flows && this.#leads > 0) {
      const exchange = this.#line.next();
      if (exchange === null) return;
      this.#leads -= 1;
      this.#lead(exchange, now);
    }
  }

  /** Each tick, as long as somebody waits. */
  #watch(): void {
    const now = performance.now();
    for (const exchange of this.#pending) this.#attend(exchange, now);
    for (const instance of this.#serving) this.#judge(instance, now);
    this.#leads = leadsPerTick;
    if (this.#flows) this.#leadLine();
    if (!this.#line.isEmpty) this.#attendLine(now);
    const isIdle = this.#pending.size === 0 && this.#line.isEmpty;
    this.#idleTicks = isIdle ? this.#idleTicks + 1 : 0;
    if (this.#idleTicks < idleTicksMax || this.#tick === null) return;
    clearInterval(this.#tick);
    this.#tick = null;
  }

  #attend(exchange: Exchange, now: number): void {
    for (const late of exchange.unconnected(now - this.spec.connectTimeoutMs)) {
      late.fail('ETIMEDOUT');
    }
    if (exchange.isLost(now)) {
      exchange.giveUp(504, 'the instance has stopped answering');
      return;
    }
    const { alone } = exchange;
    if (alone === null || now - alone.sentAtMs < alone.instance.liveness.patienceMs) return;
    const others = this.#serving.filter(
      (one) => !one.liveness.isOut && !exchange.tried.includes(one),
    );
    const other = others.length === 0 ? null : nextInTurn(others);
    if (other !== null && this.#budget.take(now)) this.#try(exchange, other, now);
  }

  #judge(instance: Instance, now: number): void {
    const { liveness } = instance;
    if (liveness.isOut || !liveness.isSilent(now)) return;
    if (!this.#serving.some((other) => other.liveness.outlived(liveness))) return;
    liveness.putOut(now, 'silent');
    this.#options.onRefused(this.service, instance.id, 'SILENT');
  }

  #attendLine(now: number): void {
    for (const late of this.#line.late(now)) late.giveUp(503, 'no instance is ready');
    if (now < this.#lookAtLineMs) return;
    this.#lookAtLineMs = now + holdingLookMs;
    const next = this.#line.next();
    if (next !== null) this.#lead(next, now);
  }

  #look(): void {
    const now = performance.now();
    for (const session of this.#sessions) session.look(now);
    for (const instance of this.#instances) instance.prune(now);
    if (this.#sessions.size > 0 || this.#sweep === null) return;
    for (const instance of this.#instances) instance.closeIdle();
    clearInterval(this.#sweep);
    this.#sweep = null;
  }
}

/** All are out: the one that may be tried again first. */
function soonest(instances: readonly Instance[]): Instance | null {
  const sorted = [...instances].sort((a, b) => a.liveness.probeAtMs - b.liveness.probeAtMs);
  return sorted[0] ?? null;
}
