/**
 * What the engine wants done. The shell runs commands only after the records of the same step are
 * durable. All are idempotent: told twice (after a crash), the second changes nothing.
 */

import type { CommandSpec } from './command-spec.ts';
import type { ErrorCode } from './errors.ts';
import type { RoleCommand, RoleOrder } from './group.ts';
import type { ActionId, IncidentId, InstanceId, ServiceName } from './ids.ts';
import type { Severity } from './notify-spec.ts';
import type { RestoreCommand } from './recovery-point.ts';

export type Command = Order & {
  /** May be carried out although the store can't write: safe and reversible. */
  readonly unrecordedOk: boolean;
};

type Order =
  /** Ends with `started` or `start-failed`. What is left of an earlier run is ended first. */
  | {
      readonly kind: 'start';
      readonly instance: InstanceId;
      readonly action: ActionId;
      /** In a service with failover: what it is to be. */
      readonly order?: RoleOrder;
    }
  | RoleCommand
  /** A step of a restore. Ends with `restore-done`. */
  | RestoreCommand
  /** Drain, stop signal, grace period, then kill the whole tree. Ends with `stopped` or
   * `stop-failed`. `hurry`: no draining and no grace (a hung process). */
  | {
      readonly kind: 'stop';
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly hurry: boolean;
    }
  /** Check these now, not at their next turn; each is answered by `confirmed` in `timeoutMs`. */
  | {
      readonly kind: 'confirm';
      readonly instances: readonly InstanceId[];
      readonly timeoutMs: number;
    }
  /** Where an endpoint leads, complete; `draining` keeps connections but gets no new ones. */
  | {
      readonly kind: 'route';
      readonly service: ServiceName;
      readonly targets: readonly RouteTarget[];
      /** In a service with failover. */
      readonly group?: GroupRoute;
    }
  /** The user's own recovery command. Ends with `action-finished`. */
  | {
      readonly kind: 'run';
      readonly action: ActionId;
      readonly service: ServiceName;
      readonly instance: InstanceId | null;
      readonly name: string;
      readonly command: CommandSpec;
      readonly timeoutMs: number;
    }
  /** One message per incident, updated: the same incident id replaces what was sent before. */
  | {
      readonly kind: 'notify';
      readonly incident: IncidentId;
      readonly severity: Severity;
      /** `acknowledged`: a person has answered. */
      readonly state: 'open' | 'needs-person' | 'acknowledged' | 'resolved';
      readonly title: string;
      readonly text: string;
      /** That it touches; absent or empty: none, such as when a host is blamed. */
      readonly services?: readonly ServiceName[];
    }
  /** Answers a person's request; `error` null: done. */
  | {
      readonly kind: 'reply';
      readonly requestId: string;
      readonly error: { readonly code: ErrorCode; readonly message: string } | null;
      readonly message: string;
    };

/** Where endpoints of a service with failover lead; `targets` of the route holds the primary. */
export interface GroupRoute {
  /** Connections made under an older epoch are cut; a route of an older epoch is refused (F6). */
  readonly epoch: number;
  /** Where `endpoint_read` leads: caught-up standbys, else the primary. */
  readonly read: readonly RouteTarget[];
  /** A new primary is on its way: connections are held, up to the limits of the endpoint. */
  readonly hold: boolean;
}

export interface RouteTarget {
  readonly instance: InstanceId;
  readonly port: number;
  readonly state: 'serving' | 'draining';
  /** Share of the requests, in relation to that of the others; absent: 1. Endpoints with
   * `protocol: http` only. */
  readonly weight?: number;
}
