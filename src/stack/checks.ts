/** What can only be said of a service as a whole, or of services together. */
import type { DriverName, ServiceSpec } from '../model/stack-spec.ts';
import type { StackDocument } from './document.ts';
import { collide, formatAddress } from './endpoint.ts';
import { nearest } from './nearest.ts';
import type { Complaint, Path } from './problem.ts';
import type { RawService } from './schema-service.ts';

export interface Services {
  readonly all: readonly ServiceSpec[];
  /** Of the file, also of those too wrong to be in `all`. */
  readonly names: readonly string[];
  /** Undefined also for a service that the schema found fault with: what it lacks may just be
   * misspelt. */
  sound(name: string): ServiceSpec | undefined;
}

export function checkServices(document: StackDocument, services: Services): void {
  for (const service of services.all) {
    checkDependencies(document, service, services);
    checkAllowed(document, service);
  }
  checkCycles(document, services.all);
  checkEndpoints(document, services.all);
}

const notFor: Readonly<Record<DriverName, Readonly<Partial<Record<keyof RawService, string>>>>> = {
  process: { external: 'needs `driver: external`', postgres: 'needs `driver: postgres`' },
  postgres: {
    command: 'the postgres driver knows its own',
    external: 'needs `driver: external`',
  },
  external: {
    command: 'say `external: { start: … }`',
    postgres: 'needs `driver: postgres`',
    limits: 'Daruma doesn’t start an external service’s processes',
    deploy: 'Daruma doesn’t start an external service’s processes',
  },
};

/** What does not go with the service's driver. */
export function checkDriver(
  document: StackDocument,
  name: string,
  raw: RawService,
  mode: 'act' | 'observe',
): void {
  const path = ['services', name];
  for (const [field, hint] of Object.entries(notFor[raw.driver])) {
    if (raw[field as keyof RawService] === undefined) continue;
    const message = `does not go with \`driver: ${raw.driver}\``;
    document.complain([...path, field], { message, hint });
  }
  if (raw.driver === 'process' && raw.command === undefined) {
    document.complain(path, { message: 'missing: expected `command`', expected: 'a command' });
  }
  if (raw.driver === 'external' && mode === 'act' && !(raw.external?.start && raw.external.stop)) {
    const hint = 'or say `mode: observe` to only watch it';
    document.complain(path, {
      message: 'missing: expected `external` with `start` and `stop`',
      hint,
    });
  }
}

function checkDependencies(
  document: StackDocument,
  service: ServiceSpec,
  services: Services,
): void {
  service.dependsOn.forEach((dependency, index) => {
    const path = dependencyPath(document, service.name, dependency.service, index);
    if (!services.names.includes(dependency.service)) {
      document.complain(path, unknownService(dependency.service, services.names));
      return;
    }
    const other = services.sound(dependency.service);
    const complaint = other === undefined ? null : impossible(dependency.condition, other);
    if (complaint !== null) document.complain(path, complaint);
  });
}

/** Why the condition can never hold, or null. */
function impossible(condition: string, other: ServiceSpec): Complaint | null {
  if (condition === 'service_healthy' && other.healthcheck === null) {
    return {
      message: `\`${other.name}\` can never be healthy: it has no health check`,
      hint: 'give it one, or wait for `service_started`',
    };
  }
  const { policy } = other.restart;
  if (condition !== 'service_completed_successfully') return null;
  if (other.driver !== 'process') {
    return { message: `\`${other.name}\` never completes: it isn’t a command that ends` };
  }
  if (policy === 'no' || policy === 'on-failure') return null;
  return {
    message: `\`${other.name}\` never completes: it is restarted always (\`restart: ${policy}\`)`,
    hint: 'say `restart: on-failure` there',
  };
}

export function unknownService(name: string, names: readonly string[]): Complaint {
  const near = nearest(name, names);
  return {
    message: `there is no service \`${name}\``,
    hint: near === null ? `there are: ${names.join(', ')}` : `did you mean \`${near}\`?`,
  };
}

function dependencyPath(document: StackDocument, service: string, on: string, index: number): Path {
  const listed = ['services', service, 'depends_on', index];
  return document.hasPlace(listed) === undefined ? ['services', service, 'depends_on', on] : listed;
}

function checkCycles(document: StackDocument, services: readonly ServiceSpec[]): void {
  const done = new Set<string>();
  const byName = new Map(services.map((service) => [service.name, service]));
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start !== -1) {
      const cycle = [...trail.slice(start), name];
      const message = `a cycle, so none could start first: ${cycle.join(' → ')}`;
      document.complain(['services', cycle[0] ?? '', 'depends_on'], { message });
      return;
    }
    if (done.has(name)) return;
    for (const { service } of byName.get(name)?.dependsOn ?? []) visit(service, [...trail, name]);
    done.add(name);
  };
  for (const { name } of services) visit(name, []);
}

function checkEndpoints(document: StackDocument, services: readonly ServiceSpec[]): void {
  const all = services.flatMap(endpointsOf);
  all.forEach(({ service, field, endpoint }, index) => {
    for (const earlier of all.slice(0, index)) {
      if (!collide(endpoint, earlier.endpoint)) continue;
      const which = earlier.field === 'endpoint' ? 'the endpoint' : '`endpoint_read`';
      document.complain(['services', service, field], {
        message: `${formatAddress(endpoint)} is ${which} of \`${earlier.service}\` already`,
      });
    }
  });
}

function endpointsOf({ name: service, endpoint, endpointRead }: ServiceSpec) {
  const main = endpoint === null ? [] : [{ service, field: 'endpoint', endpoint }];
  if (endpointRead === undefined) return main;
  return [...main, { service, field: 'endpoint_read', endpoint: endpointRead }];
}

function checkAllowed(document: StackDocument, service: ServiceSpec): void {
  const actions = service.actions.map(({ name }) => name);
  service.recovery.allow.forEach((name, index) => {
    if (actions.includes(name)) return;
    const near = nearest(name, actions);
    document.complain(['services', service.name, 'recovery', 'allow', index], {
      message: `there is no action \`${name}\``,
      hint: near === null ? null : `did you mean \`${near}\`?`,
    });
  });
}
