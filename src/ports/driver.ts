/** What a kind of service knows of itself. */

import type { CommandSpec } from '../model/command-spec.ts';
import type { ReplicaPosition, RoleOrder, RoleSeen } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { DataDriver } from './data-driver.ts';

export interface DriverContext {
  readonly service: ServiceSpec;
  readonly instance: InstanceId;
  /** Absolute path of the stack's state directory. */
  readonly stateDir: string;
  readonly port: number | null;
  /** Environment for the program: the user's own, and the service's, expanded. */
  readonly environment: Readonly<Record<string, string>>;
  readonly expand: (template: string) => string;
  /** For a person: what takes long (initdb, …). */
  readonly progress: (text: string) => void;
  /** In a service with failover: what the instance is to be, and where its primary is. */
  readonly role?: { readonly order: RoleOrder; readonly primaryPort: number | null };
  /** Of `launch`: what is being made ready is not wanted any more. */
  readonly signal?: AbortSignal;
}

export interface Launch {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: string | null;
}

/** A driver whose instances are processes of ours. */
export interface ProcessDriver {
  readonly kind: 'process';
  /** Makes everything ready (data directory, secrets) and says what to run. Idempotent. */
  launch(context: DriverContext): Promise<Launch>;
  /** After the process runs, before it counts as ready: create users, databases. Idempotent. */
  settle?(context: DriverContext): Promise<void>;
  /** Rejects with the reason when not healthy. */
  check?(context: DriverContext, timeoutMs: number): Promise<void>;
  sql?(context: DriverContext, query: string, timeoutMs: number): Promise<void>;
  /** `${services.NAME.FIELD}`: url, host, port, user, password, database. Through the endpoint. */
  attributes(service: ServiceSpec, stateDir: string): Promise<Readonly<Record<string, string>>>;
  readonly roles?: RoleDriver;
  readonly data?: DataDriver;
}

/**
 * How instances of a service with failover are given their roles. `context.role` is always there.
 * All are idempotent and reject when the order's epoch is older than what the instance has seen
 * (F6). `launch` obeys `context.role` too: a primary's mark is lifted, a standby's data is copied
 * or rewound when it must be.
 */
export interface RoleDriver {
  /** After the instance's tree is dead: the durable mark (F2). */
  fence(context: DriverContext): Promise<void>;
  /** Resolves after a write through it succeeded. */
  promote(context: DriverContext, timeoutMs: number): Promise<void>;
  follow(context: DriverContext, timeoutMs: number): Promise<void>;
  setEligible(context: DriverContext, timeoutMs: number): Promise<void>;
  /** `context`: the standby's. Rejects with TIMED_OUT when it doesn't catch up. */
  admit(context: DriverContext, timeoutMs: number): Promise<void>;
  position(context: DriverContext, timeoutMs: number): Promise<ReplicaPosition>;
  look(context: DriverContext, timeoutMs: number): Promise<RoleSeen>;
}

/** A driver whose instances are run by somebody else. */
export interface ExternalDriver {
  readonly kind: 'external';
  start(context: DriverContext): Promise<void>;
  stop(context: DriverContext): Promise<void>;
  /** By `status`; `pid` by the pid file, when there is one. */
  status(
    context: DriverContext,
    timeoutMs: number,
  ): Promise<{
    readonly running: boolean | null;
    readonly pid: number | null;
    readonly text: string;
  }>;
  /** Null: it has no `logs` command. */
  logs(context: DriverContext): CommandSpec | null;
  attributes(service: ServiceSpec, stateDir: string): Promise<Readonly<Record<string, string>>>;
  /** `fence` ends it; nobody else does. */
  readonly roles?: RoleDriver;
}

export type Driver = ProcessDriver | ExternalDriver;
