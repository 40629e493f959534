/**
 * A stack as the rest of Daruma sees it: complete, with defaults filled in, times in milliseconds
 * and sizes in bytes. `src/stack` makes it from a stack file; nothing else does.
 *
 * Strings marked «template» may still hold `${PORT}`, `${INSTANCE}`, `${services.NAME.FIELD}`:
 * these are known only when an instance starts and are expanded by `expandTemplate`.
 * Variables of the user's environment have been expanded already.
 */
import type { CommandSpec } from './command-spec.ts';
import type { ConsoleSpec } from './console-spec.ts';
import type { ServiceName } from './ids.ts';
import type { NotifySpec } from './notify-spec.ts';
import type { RecoveryPointsSpec } from './recovery-point.ts';
import type { FaultKind } from './symptom.ts';

/** `observe`: watch, locate and plan, but touch nothing. */
export type Mode = 'act' | 'observe';

export interface StackSpec {
  readonly name: string;
  /** Absolute path of the stack file. */
  readonly file: string;
  /** Absolute path of the directory that relative paths in the stack file start from. */
  readonly directory: string;
  readonly mode: Mode;
  /** In the order of the file. */
  readonly services: readonly ServiceSpec[];
  readonly recovery: StackRecoverySpec;
  readonly notify: NotifySpec;
  /** Requirements of the stack as a whole. */
  readonly requires: RequiresSpec;
  /** Null: there is none. Absent: the default one. */
  readonly console?: ConsoleSpec | null;
  /** Of Daruma's own state. */
  readonly recoveryPoints?: RecoveryPointsSpec;
}

export type DriverName = 'process' | 'external' | 'postgres';

export interface ServiceSpec {
  readonly name: ServiceName;
  readonly driver: DriverName;
  readonly mode: Mode;
  /** Null for drivers that know their own command, and for external services. */
  readonly command: CommandSpec | null;
  /** Values are templates. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly workingDir: string;
  /** User name or numeric id to run as; null: as Daruma itself. */
  readonly user: string | null;
  readonly replicas: number;
  readonly dependsOn: readonly DependencySpec[];
  /** Null only when nothing can be checked (no endpoint, none given) or it was disabled. */
  readonly healthcheck: HealthcheckSpec | null;
  readonly endpoint: EndpointSpec | null;
  readonly restart: RestartSpec;
  readonly recovery: RecoverySpec;
  readonly limits: LimitsSpec;
  /** Such as `SIGTERM`. */
  readonly stopSignal: string;
  readonly stopGracePeriodMs: number;
  readonly requires: RequiresSpec;
  readonly actions: readonly UserActionSpec[];
  readonly symptoms: readonly SymptomSpec[];
  readonly logging: LoggingSpec;
  readonly external: ExternalSpec | null;
  readonly postgres: PostgresSpec | null;
  /** One instance is primary; absent: instances are alike. */
  readonly failover?: FailoverSpec;
  /** Leads to caught-up standbys. */
  readonly endpointRead?: EndpointSpec;
  /** Where a service of the process driver keeps its data: absolute; `${DATA_DIR}` in templates. */
  readonly dataDir?: string;
  readonly recoveryPoints?: RecoveryPointsSpec;
}

export interface FailoverSpec {
  /** `replication`: standbys hold copies of the primary's data. `active-standby`: one works, the
   * others don't; there is no data of theirs to lose. */
  readonly mode: 'replication' | 'active-standby';
  /** With replication. Absent: synchronous. */
  readonly durability?:
    | { readonly kind: 'synchronous' }
    /** Most that a standby may lack to be promoted without a person's consent. */
    | { readonly kind: 'asynchronous'; readonly maxLagBytes: number };
  /** With active-standby. `hot`: runs and waits. `warm`: runs and is told to wait. `cold`: is
   * started when it is needed. */
  readonly standby?: 'hot' | 'warm' | 'cold';
  /** How an instance is told to become primary, and to cease; absent: by its environment alone. */
  readonly become?: RoleCallSpec;
  readonly cease?: RoleCallSpec;
  /** External services: says `primary` or `standby`, on standard output or as the first value of
   * the first row. */
  readonly role?: CommandSpec | RoleCallSpec;
  /** External services: ends the primary for sure. Absent: no promotion without a person. */
  readonly fence?: CommandSpec | RoleCallSpec;
  /** How long transactions may take to end at a switchover. */
  readonly switchoverLimitMs: number;
  /** How long connections are held while there is no primary. */
  readonly holdMs: number;
}

/** Templates may name `${EPOCH}` and `${ROLE}`. */
export type RoleCallSpec =
  | { readonly kind: 'command'; readonly command: CommandSpec; readonly timeoutMs: number }
  | {
      readonly kind: 'http';
      readonly method: string;
      readonly url: string;
      readonly timeoutMs: number;
    }
  /** Asked of PostgreSQL at the URL. */
  | {
      readonly kind: 'sql';
      readonly query: string;
      readonly url: string;
      readonly timeoutMs: number;
    };

export type DependencyCondition =
  | 'service_started'
  | 'service_healthy'
  | 'service_completed_successfully';

export interface DependencySpec {
  readonly service: ServiceName;
  readonly condition: DependencyCondition;
  /** False: start even if the dependency can't be had; it is still evidence for locating. */
  readonly required: boolean;
}

export type ProbeSpec =
  | {
      readonly kind: 'http';
      /** Template; a path such as `/healthz`, or a whole `http://…` URL. */
      readonly url: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Inclusive ranges of status codes that count as healthy. */
      readonly status: readonly (readonly [number, number])[];
      /** Regular expression that the body must match, or null. */
      readonly body: string | null;
    }
  | {
      readonly kind: 'tcp' /** Template, `host:port` or `port`; null: the instance's port. */;
      readonly address: string | null;
    }
  | {
      readonly kind: 'exec';
      readonly command: CommandSpec /** Read exit 1 as a warning and perfdata, as Nagios does. */;
      readonly nagios: boolean;
    }
  | { readonly kind: 'sql'; readonly query: string }
  /** What the driver knows to be right (postgres: a real query; external: `status`). */
  | { readonly kind: 'driver' };

export interface HealthcheckSpec {
  readonly probe: ProbeSpec;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive failures that make the instance unhealthy; ≥ 1. */
  readonly retries: number;
  /** Failures in this time after a start don't count, until the first success. */
  readonly startPeriodMs: number;
  /** Interval until the first success after a start. */
  readonly startIntervalMs: number;
}

export interface EndpointSpec {
  /** Numeric address. */
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'http';
  /** Send a PROXY protocol (version 1) header to the instance. */
  readonly proxyProtocol: boolean;
  /** How long connections may live on after their instance was taken out. */
  readonly drainMs: number;
  readonly connectTimeoutMs: number;
  /** With `protocol: http`; absent: the defaults. */
  readonly http?: HttpEndpointSpec;
  /** How long connections are held while there is no primary; absent: 5 s, as for any instance. */
  readonly holdMs?: number;
  /** What is spoken, so that the endpoint knows when a connection is between transactions; absent:
   * it can't tell. */
  readonly session?: 'postgres';
}

export interface HttpEndpointSpec {
  /** Methods of requests that may be sent to a second instance when the first gives no answer. */
  readonly retry: readonly string[];
  /** Longer bodies of requests are refused; null: none is. */
  readonly bodyBytesMax: number | null;
  /** How long the head of a request may take to come. */
  readonly headTimeoutMs: number;
  /** How long a client's connection may be idle between requests. */
  readonly idleTimeoutMs: number;
}

export interface RestartSpec {
  /** Compose's words. `no`: an exit is final and never mended. */
  readonly policy: 'no' | 'always' | 'on-failure' | 'unless-stopped';
  /** Back-off between repeated restarts: initial × 2ⁿ, up to max, half of it by chance. */
  readonly backoffInitialMs: number;
  readonly backoffMaxMs: number;
  /** Running this long without a symptom resets back-off and counts. */
  readonly resetAfterMs: number;
}

/** At most `count` actions in any `windowMs`. */
export interface BudgetSpec {
  readonly count: number;
  readonly windowMs: number;
}

export interface RecoverySpec {
  readonly budget: BudgetSpec;
  /** Destructive actions that may be done without asking, by action name. */
  readonly allow: readonly string[];
  /** After «needs a person»: one try each this often. */
  readonly slowRetryMs: number;
}

export interface StackRecoverySpec {
  readonly budget: BudgetSpec;
  /** Largest share of a service's instances to be acted on at once, 0 < share ≤ 1. */
  readonly maxUnavailableShare: number;
}

export interface LimitsSpec {
  /** Cores, such as 1.5; null: unlimited. */
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly pids: number | null;
}

export interface RequiresSpec {
  readonly programs: readonly {
    readonly name: string /** Such as `>=15 <18`; null: any. */;
    readonly version: string | null /** Arguments that print the version. */;
    readonly versionArgs: readonly string[];
  }[];
  readonly files: readonly {
    readonly path: string;
    readonly access: 'read' | 'write' | 'execute';
  }[];
  readonly disk: readonly { readonly path: string; readonly freeBytes: number }[];
  readonly kernel: readonly {
    /** Such as `net.core.somaxconn`. */ readonly name: string;
    readonly atLeast: number | null;
    readonly equals: string | null;
  }[];
}

export interface UserActionSpec {
  readonly name: string;
  readonly command: CommandSpec;
  /** The kinds of fault that it may mend. */
  readonly mends: readonly FaultKind[];
  /** Downtime that the action itself costs. */
  readonly costMs: number;
  readonly destructive: boolean;
  readonly timeoutMs: number;
}

export type SymptomSpec =
  | {
      readonly kind: 'expr';
      readonly name: string;
      /** CEL over the signals of one instance (`cpu`, `memory.rss`, …). */
      readonly expr: string;
      readonly forMs: number;
      readonly keepFiringForMs: number;
      /** Faults that this may mean; empty: by the signals it mentions. */
      readonly faults: readonly FaultKind[];
    }
  | {
      readonly kind: 'log';
      readonly name: string;
      /** JavaScript regular expression, matched against each line. */
      readonly pattern: string;
      readonly count: number;
      readonly withinMs: number;
      /** Ends after so long without a match. */
      readonly quietMs: number;
      readonly faults: readonly FaultKind[];
    };

export interface LoggingSpec {
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
}

export interface ExternalSpec {
  readonly start: CommandSpec | null;
  readonly stop: CommandSpec | null;
  /** Exit 0: runs; 3 (as `systemctl is-active`, LSB): does not run; else: unknown. */
  readonly status: CommandSpec | null;
  /** Prints log lines and goes on as new ones come, such as `journalctl -f -u NAME`. */
  readonly logs: CommandSpec | null;
  readonly timeoutMs: number;
  /** File that holds the main process's id, or null. */
  readonly pidFile: string | null;
  /** With failover: where each replica listens, by number from 1. */
  readonly ports?: readonly number[];
}

export interface PostgresSpec {
  /** Directory with `postgres` and `initdb`; null: the embedded binaries. */
  readonly binDir: string | null;
  /** Absolute; null: below the state directory. */
  readonly dataDir: string | null;
  /** One for each replica, by number from 1; absent: `dataDir` is the only one, or below it. */
  readonly dataDirs?: readonly string[];
  readonly database: string;
  readonly superuser: string;
  /** Roles to create besides the superuser: name → password template, null: generated. */
  readonly users: readonly {
    readonly name: string;
    readonly password: string | null /** Owns the database. */;
    readonly owner: boolean;
  }[];
  readonly settings: Readonly<Record<string, string>>;
}
