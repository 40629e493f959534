/** Changes to a stack file that may make it stand better: each is tried by itself. */
import type { ServiceName } from '../../model/ids.ts';
import type { HealthcheckSpec, ServiceSpec, StackSpec } from '../../model/stack-spec.ts';
import { isJob } from './assumptions.ts';

export interface Change {
  readonly service: ServiceName;
  readonly kind: 'replica' | 'check';
  /** Such as «a second replica of api». */
  readonly text: string;
  /** The stack with it. */
  readonly spec: StackSpec;
  /** How many times as many instances can fail then. */
  readonly instances: number;
}

const shortestMs = 250;
const newCheck: HealthcheckSpec = {
  probe: { kind: 'tcp', address: null },
  intervalMs: 1_000,
  timeoutMs: 1_000,
  retries: 2,
  startPeriodMs: 10_000,
  startIntervalMs: 250,
};

export function changesOf(spec: StackSpec): Change[] {
  return spec.services
    .filter((service) => !isJob(spec, service))
    .flatMap((service) => [...moreReplicas(spec, service), ...moreChecks(spec, service)]);
}

/** Only what stands behind an endpoint, and holds no data of its own, can be doubled. */
function moreReplicas(spec: StackSpec, service: ServiceSpec): Change[] {
  const { name, replicas, endpoint, postgres } = service;
  if (endpoint === null || postgres !== null) return [];
  const more = replicas + 1;
  const text = replicas === 1 ? `a second replica of ${name}` : `${more} replicas of ${name}`;
  const changed = withService(spec, { ...service, replicas: more });
  return [{ service: name, kind: 'replica', text, spec: changed, instances: more / replicas }];
}

function moreChecks(spec: StackSpec, service: ServiceSpec): Change[] {
  const { name, healthcheck } = service;
  if (healthcheck === null) {
    const changed = withService(spec, { ...service, healthcheck: newCheck });
    const text = `a health check of ${name}, each second`;
    return [{ service: name, kind: 'check', text, spec: changed, instances: 1 }];
  }
  const intervalMs = Math.max(shortestMs, healthcheck.intervalMs / 4);
  if (intervalMs >= healthcheck.intervalMs) return [];
  const faster = { ...healthcheck, intervalMs };
  const changed = withService(spec, { ...service, healthcheck: faster });
  const text = `a check of ${name} each ${intervalMs} ms in place of ${healthcheck.intervalMs} ms`;
  return [{ service: name, kind: 'check', text, spec: changed, instances: 1 }];
}

function withService(spec: StackSpec, changed: ServiceSpec): StackSpec {
  const services = spec.services.map((one) => (one.name === changed.name ? changed : one));
  return { ...spec, services };
}
