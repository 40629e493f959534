/** The data path, as the controller sees it. It runs in a process of its own and outlives us. */
import type { GroupRoute, RouteTarget } from '../model/command.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';

export interface EndpointTable {
  readonly service: ServiceName;
  readonly endpoint: EndpointSpec;
  readonly targets: readonly RouteTarget[];
  readonly group?: GroupRoute;
  /** Of `endpoint_read`. */
  readonly endpointRead?: EndpointSpec;
  /** New connections are held for a switchover, whose transactions may take so long to end. */
  readonly quiesced?: { readonly limitMs: number };
}

/** Of both endpoints of a service together. */
export interface EndpointStats {
  readonly service: ServiceName;
  readonly instance: InstanceId;
  /** Open now. */
  readonly connections: number;
  /** Since the endpoint process started. */
  readonly accepted: number;
  readonly refused: number;
  /** Median seconds to connect over the last second, or null. */
  readonly connectSeconds: number | null;
  /** With `protocol: http`. */
  readonly http?: HttpStats;
}

/** Counts are since the endpoint process started. */
export interface HttpStats {
  readonly requests: number;
  readonly statusClasses: Readonly<Record<StatusClass, number>>;
  /** Requests that it gave no byte of an answer to. */
  readonly unanswered: number;
  /** From a request to the first byte of its answer, over the last second; null: there was none. */
  readonly latencySeconds: Readonly<Record<'p50' | 'p95' | 'p99', number | null>>;
}

/** Connections (with `protocol: http`: requests) that wait for an instance now. */
export interface HeldStats {
  readonly service: ServiceName;
  readonly connections: number;
  readonly longestSeconds: number;
}

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

export interface Endpoints {
  /** Opens what is new (rejects with PORT_TAKEN, naming the process that holds the port) and closes
   * what is no longer listed. Resolves when connections are accepted. */
  listen(
    endpoints: readonly {
      readonly service: ServiceName;
      readonly endpoint: EndpointSpec;
      readonly endpointRead?: EndpointSpec;
    }[],
  ): Promise<void>;
  /** Replaces the targets of one service; resolves when the endpoint process has taken it over.
   * Rejects with REFUSED when it knows of a newer epoch (F6). */
  route(service: ServiceName, targets: readonly RouteTarget[], group?: GroupRoute): Promise<void>;
  /** Holds new connections, closes those that are idle and each other one as soon as its
   * transaction ends. Resolves with the number that were still busy after `limitMs`: 0, all ended.
   * Until `release` or a route of a newer epoch, or until long after `limitMs`. Rejects with
   * NOT_RUNNING when `close` comes first. */
  quiesce(service: ServiceName, limitMs: number): Promise<number>;
  release(service: ServiceName): Promise<void>;
  /** Resolves when no connection to the instance is open, or when the endpoint's drain time is over
   * (those left are then closed). */
  drained(service: ServiceName, instance: InstanceId): Promise<void>;
  /** Each second. */
  onStats(listener: (stats: readonly EndpointStats[], held: readonly HeldStats[]) => void): void;
  /** The endpoint could not connect to an instance and went to another; with `protocol: http` also
   * `SILENT`: requests there get no answer, while others do. */
  onRefused(listener: (service: ServiceName, instance: InstanceId, error: string) => void): void;
  /** Lets go without closing any endpoint. */
  close(): Promise<void>;
  /** Closes all endpoints and ends the endpoint process (`down`). */
  shutdown(): Promise<void>;
}
