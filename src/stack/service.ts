/** One service as the rest of Daruma sees it. */
import { resolve } from 'node:path';
import type { CommandSpec } from '../model/command-spec.ts';
import type {
  DependencySpec,
  ExternalSpec,
  LimitsSpec,
  Mode,
  PostgresSpec,
  RequiresSpec,
  RestartSpec,
  ServiceSpec,
} from '../model/stack-spec.ts';
import { toCommand, toOptionalCommand } from './command.ts';
import type { StackDocument } from './document.ts';
import { toEndpoint } from './endpoint.ts';
import { type EnvironmentContext, toEnvironment } from './environment.ts';
import { toFailover } from './failover.ts';
import { toHealthcheck } from './healthcheck.ts';
import { damageSymptoms, toServicePoints } from './points.ts';
import type { Path } from './problem.ts';
import type { RawRequires } from './schema-requires.ts';
import {
  externalFields,
  postgresFields,
  type RawService,
  restartFields,
} from './schema-service.ts';
import { toSymptoms } from './symptoms.ts';

export interface ServiceContext extends EnvironmentContext {
  readonly mode: Mode;
  /** Services that another waits for with `service_completed_successfully`. */
  readonly toComplete: ReadonlySet<string>;
}

export function toService(context: ServiceContext, name: string, raw: RawService): ServiceSpec {
  const { document, directory } = context;
  const path = ['services', name];
  const endpointOf = (field: 'endpoint' | 'endpoint_read') =>
    raw[field] === undefined ? null : toEndpoint(document, [...path, field], raw[field]);
  const [endpoint, endpointRead] = [endpointOf('endpoint'), endpointOf('endpoint_read')];
  return {
    name,
    driver: raw.driver,
    mode: raw.mode ?? context.mode,
    command: commandOf(context, path, raw),
    environment: toEnvironment(context, path, raw),
    workingDir: resolve(directory, raw.working_dir ?? '.'),
    user: raw.user === undefined ? null : String(raw.user),
    replicas: raw.replicas,
    dependsOn: dependenciesOf(raw),
    healthcheck: toHealthcheck({ document, service: raw, endpoint }, [...path, 'healthcheck']),
    endpoint,
    restart: toRestart(raw, context.toComplete.has(name)),
    recovery: {
      budget: raw.recovery.max_actions,
      allow: raw.recovery.allow,
      slowRetryMs: raw.recovery.slow_retry,
    },
    limits: toLimits(context, path, raw),
    stopSignal: toSignal(raw.stop_signal ?? (raw.driver === 'postgres' ? 'SIGINT' : 'SIGTERM')),
    stopGracePeriodMs: raw.stop_grace_period,
    requires: toRequires(raw.requires, directory),
    actions: toActions(context, path, raw),
    symptoms: [
      ...toSymptoms(document, [...path, 'symptoms'], raw.symptoms),
      ...damageSymptoms(raw),
    ],
    logging: { maxSizeBytes: raw.logging.max_size, maxFiles: raw.logging.max_files },
    external: raw.driver === 'external' ? toExternal(context, path, raw) : null,
    postgres: raw.driver === 'postgres' ? toPostgres(context, path, raw) : null,
    ...toFailover(document, path, raw),
    ...toServicePoints(context, path, raw),
    ...(endpointRead === null ? {} : { endpointRead }),
  };
}

function commandOf(context: ServiceContext, path: Path, raw: RawService): CommandSpec | null {
  if (raw.command === undefined) return null;
  return toCommand(context.document, [...path, 'command'], raw.command, raw.shell);
}

export function dependenciesOf(raw: RawService): readonly DependencySpec[] {
  if (Array.isArray(raw.depends_on)) {
    return raw.depends_on.map((service) => {
      return { service, condition: 'service_started' as const, required: true };
    });
  }
  return Object.entries(raw.depends_on).map(([service, dependency]) => ({
    service,
    ...dependency,
  }));
}

function toRestart(raw: RawService, toComplete: boolean): RestartSpec {
  const full =
    typeof raw.restart === 'string' ? restartFields.parse({ policy: raw.restart }) : raw.restart;
  return {
    policy: full.policy ?? (toComplete ? 'on-failure' : 'unless-stopped'),
    backoffInitialMs: full.backoff.initial,
    backoffMaxMs: full.backoff.max,
    resetAfterMs: full.reset_after,
  };
}

function toLimits(context: ServiceContext, path: Path, raw: RawService): LimitsSpec {
  const asCompose = raw.deploy?.resources?.limits;
  if (raw.limits !== undefined && asCompose !== undefined) {
    const message = 'given twice: here and in `deploy.resources.limits`';
    context.document.complain([...path, 'limits'], { message });
  }
  const given = raw.limits ?? asCompose;
  return {
    cpus: given?.cpus ?? null,
    memoryBytes: given?.memory ?? null,
    pids: given?.pids ?? null,
  };
}

function toSignal(text: string): string {
  return text.startsWith('SIG') ? text : `SIG${text}`;
}

export function toRequires(raw: RawRequires, directory: string): RequiresSpec {
  return {
    programs: raw.programs.map((program) => {
      if (typeof program === 'string') {
        return { name: program, version: null, versionArgs: ['--version'] };
      }
      const { name, version = null, version_args: versionArgs } = program;
      return { name, version, versionArgs };
    }),
    files: raw.files.map((file) => {
      const full = typeof file === 'string' ? { path: file, access: 'read' as const } : file;
      return { path: resolve(directory, full.path), access: full.access };
    }),
    disk: raw.disk.map(({ path, free }) => ({ path: resolve(directory, path), freeBytes: free })),
    kernel: raw.kernel.map((setting) => ({
      name: setting.name,
      atLeast: setting.at_least ?? null,
      equals: setting.equals === undefined ? null : String(setting.equals),
    })),
  };
}

function toActions(context: ServiceContext, path: Path, raw: RawService): ServiceSpec['actions'] {
  return Object.entries(raw.actions).map(([name, action]) => {
    const where = [...path, 'actions', name, 'command'];
    return {
      name,
      command: toCommand(context.document, where, action.command, action.shell),
      mends: action.mends,
      costMs: action.cost,
      destructive: action.destructive,
      timeoutMs: action.timeout,
    };
  });
}

function toExternal(context: ServiceContext, path: Path, raw: RawService): ExternalSpec {
  const given = raw.external ?? externalFields.parse({});
  const command = (field: 'start' | 'stop' | 'status' | 'logs') =>
    toOptionalCommand(context.document, [...path, 'external', field], given[field]);
  return {
    start: command('start'),
    stop: command('stop'),
    status: command('status'),
    logs: command('logs'),
    timeoutMs: given.timeout,
    pidFile: absolute(context, given.pid_file),
    ...portsOf(context, path, raw),
  };
}

function absolute(context: ServiceContext, path: string | undefined): string | null {
  return path === undefined ? null : resolve(context.directory, path);
}

function portsOf(
  { document }: ServiceContext,
  path: Path,
  { external, failover, replicas }: RawService,
): Pick<ExternalSpec, 'ports'> {
  const ports = external?.ports;
  if (ports === undefined) return {};
  const here = [...path, 'external', 'ports'];
  if (failover === undefined) document.complain(here, { message: 'needs `failover`' });
  oneEach(document, here, ports, replicas);
  return { ports };
}

/** A list must name as many different things as there are replicas. */
function oneEach(
  document: StackDocument,
  path: Path,
  list: readonly (string | number)[],
  replicas: number,
): void {
  if (list.length !== replicas) {
    const expected = `one for each of ${replicas} replicas`;
    document.complain(path, { message: `expected ${expected}, found ${list.length}` });
  }
  if (new Set(list).size !== list.length) {
    document.complain(path, { message: 'each must be another' });
  }
}

/** One directory may not be shared, so with replicas there must be as many. */
function dataDirsOf(
  context: ServiceContext,
  path: Path,
  { postgres, replicas }: RawService,
): Pick<PostgresSpec, 'dataDir' | 'dataDirs'> {
  const given = postgres?.data_dir;
  const here = [...path, 'postgres', 'data_dir'];
  if (Array.isArray(given)) {
    const dataDirs = given.map((one) => resolve(context.directory, one));
    oneEach(context.document, here, dataDirs, replicas);
    return { dataDir: null, dataDirs };
  }
  if (given !== undefined && replicas > 1) {
    const message = `expected a list of ${replicas} directories, found ${JSON.stringify(given)}`;
    const hint = 'one for each replica, in the order of their numbers';
    context.document.complain(here, { message, hint });
  }
  return { dataDir: absolute(context, given) };
}

function toPostgres(context: ServiceContext, path: Path, raw: RawService): PostgresSpec {
  const given = raw.postgres ?? postgresFields.parse({});
  return {
    binDir: absolute(context, given.bin_dir),
    ...dataDirsOf(context, path, raw),
    database: given.database,
    superuser: given.superuser,
    users: Object.entries(given.users).map(([name, user]) => {
      return { name, password: user.password ?? null, owner: user.owner };
    }),
    settings: Object.fromEntries(
      Object.entries(given.settings).map(([name, value]) => [name, String(value)]),
    ),
  };
}
