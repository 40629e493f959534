/** What a kind of service knows of itself. */
import type { InstanceId } from '../model/ids.ts';
import type { CommandSpec, ServiceSpec } from '../model/stack-spec.ts';

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
}

export type Driver = ProcessDriver | ExternalDriver;
