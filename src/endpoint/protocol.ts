/** What controller and endpoint process say to each other on `run/endpoint.sock`, line by line. */
import type { GroupRoute, RouteTarget } from '../model/command.ts';
import type { ErrorInfo } from '../model/errors.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type { EndpointStats, EndpointTable, HeldStats } from '../ports/endpoints.ts';
import type { SpawnKeeperRequest } from '../ports/keeper.ts';

export interface ServiceEndpoint {
  readonly service: ServiceName;
  readonly endpoint: EndpointSpec;
  readonly endpointRead?: EndpointSpec;
}

/** Each is answered by `done` with its id. Asked twice, the second changes nothing. */
export type ControlRequest =
  /** The complete list; targets of services that were there already stay as they are. */
  | { readonly id: number; readonly kind: 'listen'; readonly endpoints: readonly ServiceEndpoint[] }
  | {
      readonly id: number;
      readonly kind: 'route';
      readonly service: ServiceName;
      readonly targets: readonly RouteTarget[];
      readonly group?: GroupRoute;
    }
  | {
      readonly id: number;
      readonly kind: 'quiesce';
      readonly service: ServiceName;
      readonly limitMs: number;
    }
  | { readonly id: number; readonly kind: 'release'; readonly service: ServiceName }
  | {
      readonly id: number;
      readonly kind: 'drained';
      readonly service: ServiceName;
      readonly instance: InstanceId;
    }
  | SpawnKeeperRequest;

export type ControlMessage =
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly error?: ErrorInfo;
      /** Of `quiesce`. */
      readonly busy?: number;
    }
  | {
      readonly kind: 'stats';
      readonly stats: readonly EndpointStats[];
      readonly held: readonly HeldStats[];
    }
  | {
      readonly kind: 'refused';
      readonly service: ServiceName;
      readonly instance: InstanceId;
      readonly error: string;
    };

/** An endpoint process that was taken over from → its successor, on the same socket. */
export interface FollowerReport {
  readonly kind: 'follower';
  /** Of the tables that it follows; −1: it has been told none yet. */
  readonly version: number;
  /** Connections there with something under way. */
  readonly busy: Readonly<Record<ServiceName, number>>;
}

/** The answer, and again at each change. */
export interface ToFollower {
  readonly kind: 'tables';
  readonly version: number;
  readonly tables: readonly EndpointTable[];
}

/** `run/routes.json`: a new endpoint process goes on with it, also when no controller lives. */
export interface RoutesFile {
  readonly tables: readonly EndpointTable[];
}
