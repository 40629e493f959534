/** An observer with real time over real processes, and a record of all that it tells. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorReport } from '../../src/model/error-record.ts';
import type { Happening } from '../../src/model/event.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import type {
  HealthcheckSpec,
  ProbeSpec,
  ServiceSpec,
  SymptomSpec,
} from '../../src/model/stack-spec.ts';
import { createObserver, type ObserverOptions } from '../../src/observe/observer.ts';
import type { Observer, WatchedInstance } from '../../src/ports/observer.ts';

const offset = Date.now() - performance.now();
const clock = {
  now: () => performance.now() + offset,
  after: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

const deadlineMs = 120_000;

export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Observing extends AsyncDisposable {
  readonly observer: Observer;
  /** In order, such as `ready api/1`, `began api/1#health health-timeout`, `ended api/1#health`. */
  readonly told: string[];
  readonly happenings: Happening[];
  readonly errors: ErrorReport[];
  /** Runs a program that is killed, with its group, in the end. */
  run(argv: readonly string[]): ChildProcess & { readonly pid: number };
  /** Runs a script in Node.js that prints a port; resolves when it did. */
  serve(script: string): Promise<{ readonly pid: number; readonly port: number }>;
}

export function observing(options: Partial<ObserverOptions> = {}): Observing {
  const scratch = mkdtempSync(join(tmpdir(), 'daruma-observing-'));
  const observer = createObserver({
    clock,
    random: { next: () => 0.5 },
    host: 'here',
    stateDir: scratch,
    asUser: () => [],
    logReader: {
      end: () => 0,
      async *follow() {
        yield* [];
      },
    },
    logPlacesFile: join(scratch, 'log-places.json'),
    log: (text) => process.stderr.write(`${text}\n`),
    ...options,
  });
  const told: string[] = [];
  const happenings: Happening[] = [];
  const errors: ErrorReport[] = [];
  observer.onHappening((happening) => {
    happenings.push(happening);
    told.push(inWords(happening));
  });
  observer.onError((report) => errors.push(report));
  const children: ChildProcess[] = [];
  const run: Observing['run'] = (argv) => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child as ChildProcess & { readonly pid: number };
  };
  return {
    observer,
    told,
    happenings,
    errors,
    run,
    async serve(script) {
      const child = run([process.execPath, '-e', script]);
      const [line] = await once(child.stdout ?? child, 'data');
      return { pid: child.pid, port: Number(String(line)) };
    },
    async [Symbol.asyncDispose]() {
      await observer.close();
      for (const child of children) await end(child);
      rmSync(scratch, { recursive: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}

function inWords(happening: Happening): string {
  switch (happening.kind) {
    case 'symptom-began':
      return `began ${happening.symptom.id} ${happening.symptom.kind}`;
    case 'symptom-ended':
      return `ended ${happening.id}`;
    case 'suspect':
      return `${happening.suspected ? 'suspects' : 'trusts'} ${happening.instance}`;
    case 'confirmed':
      return `confirmed ${happening.instance} ${happening.healthy}: ${happening.evidence}`;
    case 'ready':
      return `ready ${happening.instance}`;
    default:
      return happening.kind;
  }
}

export const httpProbe: Extract<ProbeSpec, { kind: 'http' }> = {
  kind: 'http',
  url: '/health',
  method: 'GET',
  headers: {},
  status: [[200, 399]],
  body: null,
};

export function healthcheck(
  probe: ProbeSpec,
  changes: Partial<HealthcheckSpec> = {},
): HealthcheckSpec {
  return {
    probe,
    intervalMs: 100,
    // A machine under load takes its time for an answer too.
    timeoutMs: 2_000,
    retries: 2,
    startPeriodMs: 60_000,
    startIntervalMs: 20,
    ...changes,
  };
}

function serviceSpec(
  healthcheckSpec: HealthcheckSpec | null,
  symptoms: readonly SymptomSpec[],
): ServiceSpec {
  return {
    name: 'api',
    driver: 'process',
    mode: 'act',
    command: null,
    environment: {},
    workingDir: tmpdir(),
    user: null,
    replicas: 1,
    dependsOn: [],
    healthcheck: healthcheckSpec,
    endpoint: null,
    restart: {
      policy: 'always',
      backoffInitialMs: 100,
      backoffMaxMs: 10_000,
      resetAfterMs: 10_000,
    },
    recovery: { budget: { count: 5, windowMs: 600_000 }, allow: [], slowRetryMs: 300_000 },
    limits: { cpus: null, memoryBytes: null, pids: null },
    stopSignal: 'SIGTERM',
    stopGracePeriodMs: 10_000,
    requires: { programs: [], files: [], disk: [], kernel: [] },
    actions: [],
    symptoms,
    logging: { maxSizeBytes: 1_000_000, maxFiles: 3 },
    external: null,
    postgres: null,
  };
}

export interface Watching extends Partial<Omit<WatchedInstance, 'service'>> {
  readonly healthcheck?: HealthcheckSpec | null;
  readonly symptoms?: readonly SymptomSpec[];
}

export function watched(what: Watching): WatchedInstance {
  const { healthcheck: check = null, symptoms = [], ...rest } = what;
  const instance: InstanceId = rest.instance ?? 'api/1';
  const pid = rest.pid ?? null;
  return {
    instance,
    service: serviceSpec(check, symptoms),
    pid,
    port: null,
    startedAt: clock.now(),
    adopted: false,
    expand: (template) => template.replaceAll('${INSTANCE}', instance),
    environment: { PATH: process.env['PATH'] ?? '' },
    user: null,
    members: async () => (pid === null ? [] : [pid]),
    logDir: null,
    driverCheck: null,
    sqlCheck: null,
    ...rest,
  };
}
