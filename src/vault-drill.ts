/** Wires restore drills: a service's own health check, on a free port. */
import { systemClock } from './controller/system-clock.ts';
import { DarumaError } from './model/errors.ts';
import type { ProbeSpec, ServiceSpec } from './model/stack-spec.ts';
import { ask } from './observe/check.ts';
import { questionOf } from './observe/question.ts';
import type { WatchedInstance } from './ports/observer.ts';
import { asUser } from './supervise/user.ts';
import type { BesideService } from './vault/drill-service.ts';
import type { CommandRun } from './vault/sources/context.ts';

const startLimitMinMs = 60_000;
const checkTimeoutMs = 5_000;

/** `runOf`: how the service's commands are run, given a port and a directory for its data. */
export function besideService(service: ServiceSpec, runOf: BesideService['runOf']): BesideService {
  const { healthcheck } = service;
  return {
    ...{ service, runOf },
    startLimitMs: Math.max(startLimitMinMs, healthcheck?.startPeriodMs ?? 0),
    check: (port, run) => check(service, port, run),
  };
}

function check(service: ServiceSpec, port: number, run: CommandRun): Promise<void> {
  const clock = systemClock();
  const timeoutMs = service.healthcheck?.timeoutMs ?? checkTimeoutMs;
  const options = { asUser, onPerfdata: () => undefined };
  const question = questionOf(probeOf(service), watched(service, port, run), timeoutMs, options);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  ask(clock, { question, timeoutMs, now: clock.now() }, (answer) => {
    if (answer !== 'void' && answer.ok) return resolve();
    const text = answer === 'void' ? 'nothing can be said' : answer.text;
    reject(new DarumaError('ACTION_FAILED', `health check: ${text}`));
  });
  return promise;
}

/** Others are made by the driver, which this kind of service has none for. */
function probeOf({ healthcheck }: ServiceSpec): ProbeSpec {
  const probe = healthcheck?.probe;
  const known = probe !== undefined && ['http', 'tcp', 'exec'].includes(probe.kind);
  return known ? probe : { kind: 'tcp', address: null };
}

function watched(service: ServiceSpec, port: number, run: CommandRun): WatchedInstance {
  return {
    ...{ instance: `${service.name}/1`, service, pid: null, port, startedAt: 0, adopted: false },
    ...{ expand: run.expand, environment: run.environment, user: service.user },
    members: async () => [],
    ...{ logDir: null, driverCheck: null, sqlCheck: null },
  };
}
