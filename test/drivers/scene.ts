/** What the tests of the drivers share: specs, contexts, and servers started as they are told. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExternalSpec, PostgresSpec, ServiceSpec } from '../../src/model/stack-spec.ts';
import type { DriverContext, Launch } from '../../src/ports/driver.ts';

export function serviceSpec(over: Partial<ServiceSpec>): ServiceSpec {
  return {
    name: 'db',
    driver: 'process',
    mode: 'act',
    command: null,
    environment: {},
    workingDir: '/',
    user: null,
    replicas: 1,
    dependsOn: [],
    healthcheck: null,
    endpoint: null,
    restart: { policy: 'always', backoffInitialMs: 1, backoffMaxMs: 1, resetAfterMs: 1 },
    recovery: { budget: { count: 1, windowMs: 1 }, allow: [], slowRetryMs: 1 },
    limits: { cpus: null, memoryBytes: null, pids: null },
    stopSignal: 'SIGTERM',
    stopGracePeriodMs: 1_000,
    requires: { programs: [], files: [], disk: [], kernel: [] },
    actions: [],
    symptoms: [],
    logging: { maxSizeBytes: 1, maxFiles: 1 },
    external: null,
    postgres: null,
    ...over,
  };
}

export function endpointSpec(port: number): NonNullable<ServiceSpec['endpoint']> {
  return {
    host: '127.0.0.1',
    port,
    protocol: 'tcp',
    proxyProtocol: false,
    drainMs: 1,
    connectTimeoutMs: 1,
  };
}

/** The endpoint is the instance's own port: there is no proxy in these tests. */
export function postgresService(port: number, over: Partial<PostgresSpec> = {}): ServiceSpec {
  const postgres: PostgresSpec = {
    binDir: null,
    dataDir: null,
    database: 'app',
    superuser: 'postgres',
    users: [],
    settings: {},
    ...over,
  };
  return serviceSpec({ driver: 'postgres', endpoint: endpointSpec(port), postgres });
}

export function externalService(over: Partial<ExternalSpec>): ServiceSpec {
  const external: ExternalSpec = {
    start: null,
    stop: null,
    status: null,
    logs: null,
    timeoutMs: 60_000,
    pidFile: null,
    ...over,
  };
  return serviceSpec({ name: 'web', driver: 'external', external });
}

export function contextOf(service: ServiceSpec, stateDir: string): DriverContext {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) environment[name] = value;
  }
  return {
    service,
    instance: `${service.name}/1`,
    stateDir,
    port: service.endpoint?.port ?? null,
    environment,
    expand: (template) => template.replaceAll('${PORT}', '4711'),
    progress: () => undefined,
  };
}

/** A directory that others may pass through, with a private state directory in it. */
export async function makeScene(): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), 'daruma-drivers-'));
  await chmod(root, 0o755);
  const stateDir = join(root, 'closed', '.daruma');
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  return { root, stateDir, sharedDir: join(root, 'shared') };
}

export interface Scene {
  readonly root: string;
  readonly stateDir: string;
  readonly sharedDir: string;
}

export async function removeScene(scene: Scene): Promise<void> {
  await rm(scene.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

/** What the supervisor would do, without its care for trees. */
export function start(launch: Launch, ids: { uid: number; gid: number } | null): ChildProcess {
  const [program = '', ...args] = launch.argv;
  return spawn(program, args, {
    cwd: launch.workingDir,
    env: { ...launch.environment },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(ids === null ? {} : ids),
  });
}

/** Ends a server as the supervisor does, and waits until nothing works in its directory. */
export async function end(
  child: ChildProcess,
  launch: Launch,
  signal: NodeJS.Signals,
): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    child.kill('SIGCONT');
    await gone;
  }
  await until(async () => {
    const left = await workingIn(launch.workingDir);
    if (signal === 'SIGKILL') for (const pid of left) signalIfThere(pid, signal);
    return left.length === 0;
  });
  return child.exitCode;
}

/** It may have ended since it was looked for. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Processes whose working directory it is: those of a server on these data. */
export async function workingIn(directory: string): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = names.map(async (name) => {
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => null);
    return cwd === directory ? [Number(name)] : [];
  });
  return (await Promise.all(found)).flat();
}

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `in time: ${condition}`);
    await delay(20);
  }
}
