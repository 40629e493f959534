/** Random stacks: one to eight services with replicas, dependencies, endpoints and checks. */
import type {
  DependencySpec,
  HealthcheckSpec,
  ServiceSpec,
  StackSpec,
  SymptomSpec,
} from '../model/stack-spec.ts';
import type { Program } from './case.ts';
import type { Dice } from './dice.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
const nothingRequired = { programs: [], files: [], disk: [], kernel: [] };

export interface Made {
  readonly spec: StackSpec;
  readonly programs: Readonly<Record<string, Program>>;
}

export function makeStack(dice: Dice): Made {
  const services: ServiceSpec[] = [];
  const programs: Record<string, Program> = {};
  for (const name of names.slice(0, dice.whole(1, names.length))) {
    const isJob = dice.chance(0.07);
    const program = makeProgram(dice.of(`program ${name}`), isJob);
    programs[name] = program;
    services.push(makeService(dice.of(`service ${name}`), name, services, program));
  }
  const spec: StackSpec = {
    name: 'sim',
    file: '/sim/daruma.yaml',
    directory: '/sim',
    mode: 'act',
    services,
    recovery: {
      budget: { count: dice.whole(5, 30), windowMs: 600_000 },
      maxUnavailableShare: dice.pick([0.34, 0.5, 1]),
    },
    notify: { targets: [], heartbeat: null },
    requires: nothingRequired,
  };
  return { spec, programs };
}

function makeProgram(dice: Dice, isJob: boolean): Program {
  return {
    startMs: dice.pick([20, 200, 1_000, 4_000]),
    stopMs: dice.pick([5, 100, 1_500]),
    answerMs: dice.pick([1, 5, 50]),
    completesAfterMs: isJob ? dice.pick([100, 2_000]) : null,
    withoutDependency: dice.pick(['ignores', 'answers-wrongly', 'hangs', 'exits']),
    exitsAfterMs: dice.pick([10, 500, 4_000]),
  };
}

function makeService(
  dice: Dice,
  name: string,
  earlier: readonly ServiceSpec[],
  program: Program,
): ServiceSpec {
  const isJob = program.completesAfterMs !== null;
  return {
    name,
    driver: 'process',
    mode: 'act',
    command: { argv: [name] },
    environment: {},
    workingDir: '/sim',
    user: null,
    replicas: isJob ? 1 : dice.pick([1, 1, 2, 3]),
    dependsOn: makeDependencies(dice.of('dependencies'), earlier),
    healthcheck: isJob || dice.chance(0.1) ? null : makeCheck(dice.of('check'), program),
    endpoint: isJob || dice.chance(0.2) ? null : makeEndpoint(dice),
    restart: {
      policy: isJob ? dice.pick(['no', 'on-failure']) : 'unless-stopped',
      backoffInitialMs: dice.pick([100, 1_000, 2_000]),
      backoffMaxMs: dice.pick([5_000, 30_000]),
      resetAfterMs: dice.pick([10_000, 60_000]),
    },
    recovery: {
      budget: { count: dice.whole(2, 6), windowMs: dice.pick([120_000, 600_000]) },
      allow: [],
      slowRetryMs: dice.pick([30_000, 120_000, 300_000]),
    },
    limits: { cpus: null, memoryBytes: null, pids: null },
    stopSignal: 'SIGTERM',
    stopGracePeriodMs: dice.pick([1_000, 10_000]),
    requires: nothingRequired,
    actions: [],
    symptoms: isJob ? [] : makeSymptoms(dice.of('symptoms')),
    logging: { maxSizeBytes: 1_000_000, maxFiles: 3 },
    external: null,
    postgres: null,
  };
}

function makeDependencies(dice: Dice, earlier: readonly ServiceSpec[]): DependencySpec[] {
  return earlier
    .filter(() => dice.chance(earlier.length > 3 ? 0.3 : 0.5))
    .map((one): DependencySpec => {
      const isJob = one.restart.policy === 'no' || one.restart.policy === 'on-failure';
      const usual = dice.chance(0.8) ? 'service_healthy' : 'service_started';
      const condition = isJob ? 'service_completed_successfully' : usual;
      return { service: one.name, condition, required: dice.chance(0.9) };
    });
}

function makeCheck(dice: Dice, program: Program): HealthcheckSpec {
  const intervalMs = dice.pick([500, 1_000, 2_000, 5_000]);
  return {
    probe: { kind: 'http', url: '/', method: 'GET', headers: {}, status: [], body: null },
    intervalMs,
    timeoutMs: Math.min(intervalMs, dice.pick([300, 500, 1_000])),
    retries: dice.whole(1, 3),
    startPeriodMs: program.startMs * dice.pick([2, 5]) + 500,
    startIntervalMs: dice.pick([100, 250, 500]),
  };
}

function makeEndpoint(dice: Dice): NonNullable<ServiceSpec['endpoint']> {
  return {
    host: '127.0.0.1',
    port: 8_000,
    protocol: 'tcp',
    proxyProtocol: false,
    drainMs: dice.pick([100, 1_000, 3_000]),
    connectTimeoutMs: 1_000,
  };
}

function makeSymptoms(dice: Dice): SymptomSpec[] {
  const symptom = (name: string, expr: string): SymptomSpec => ({
    kind: 'expr',
    name,
    expr,
    forMs: dice.pick([0, 3_000]),
    keepFiringForMs: dice.pick([0, 5_000]),
    faults: [],
  });
  const list: SymptomSpec[] = [];
  if (dice.chance(0.4)) list.push(symptom('memory', "memory.rss > size('250MiB')"));
  if (dice.chance(0.3)) list.push(symptom('latency', 'health.latency > 0.2'));
  return list;
}
