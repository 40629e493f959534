/** Stacks for tests, with the defaults of a stack file. */
import type { RecoveryPointsSpec } from '../model/recovery-point.ts';
import type {
  DependencySpec,
  FailoverSpec,
  HealthcheckSpec,
  ServiceSpec,
  StackSpec,
} from '../model/stack-spec.ts';

const check: HealthcheckSpec = {
  probe: { kind: 'http', url: '/healthz', method: 'GET', headers: {}, status: [], body: null },
  intervalMs: 1000,
  timeoutMs: 500,
  retries: 3,
  startPeriodMs: 5000,
  startIntervalMs: 100,
};

const requires = { programs: [], files: [], disk: [], kernel: [] };

export function service(
  name: string,
  options: Partial<ServiceSpec> & { readonly needs?: readonly string[] } = {},
): ServiceSpec {
  const { needs = [], ...rest } = options;
  return {
    name,
    driver: 'process',
    mode: 'act',
    command: { argv: [name] },
    environment: {},
    workingDir: '/srv',
    user: null,
    replicas: 1,
    dependsOn: needs.map((one) => dependency(one)),
    healthcheck: check,
    endpoint: {
      host: '127.0.0.1',
      port: 8000,
      protocol: 'tcp',
      proxyProtocol: false,
      drainMs: 1000,
      connectTimeoutMs: 1000,
    },
    restart: {
      policy: 'unless-stopped',
      backoffInitialMs: 1000,
      backoffMaxMs: 30_000,
      resetAfterMs: 10_000,
    },
    recovery: { budget: { count: 5, windowMs: 600_000 }, allow: [], slowRetryMs: 300_000 },
    limits: { cpus: null, memoryBytes: null, pids: null },
    stopSignal: 'SIGTERM',
    stopGracePeriodMs: 10_000,
    requires,
    actions: [],
    symptoms: [],
    logging: { maxSizeBytes: 1_000_000, maxFiles: 3 },
    external: null,
    postgres: null,
    ...rest,
  };
}

/** A database of one primary and standbys, whose writes are waited for. */
export function database(
  name: string,
  options: Partial<ServiceSpec> & { readonly needs?: readonly string[] } = {},
): ServiceSpec {
  const failover: FailoverSpec = {
    mode: 'replication',
    durability: { kind: 'synchronous' },
    switchoverLimitMs: 5_000,
    holdMs: 30_000,
  };
  return service(name, { replicas: 2, failover, ...options });
}

/** Its points are made each hour. */
export const points: RecoveryPointsSpec = {
  source: { kind: 'directory', paths: ['/srv/data'] },
  schedule: { kind: 'every', ms: 3_600_000 },
  on: [],
  keep: { last: 3, hourly: 0, daily: 0, weekly: 0, monthly: 0, withinMs: 0, minAgeMs: 0 },
  to: [{ kind: 'directory', name: 'vault', path: 'vault', maxBytes: null }],
  spread: 'all',
  encryptTo: [],
  bytesPerSecondMax: null,
  lateAfterMs: null,
  drill: null,
};

export function dependency(
  name: string,
  condition: DependencySpec['condition'] = 'service_healthy',
  required = true,
): DependencySpec {
  return { service: name, condition, required };
}

export function stack(services: readonly ServiceSpec[], rest: Partial<StackSpec> = {}): StackSpec {
  return {
    name: 'shop',
    file: '/srv/daruma.yaml',
    directory: '/srv',
    mode: 'act',
    services,
    recovery: { budget: { count: 20, windowMs: 600_000 }, maxUnavailableShare: 0.5 },
    notify: { targets: [], heartbeat: null },
    requires,
    ...rest,
  };
}
