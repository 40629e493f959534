/** Names of things. A component is what a symptom is seen at and what a cause is blamed on. */

export type ServiceName = string;
/** `service/number`, numbered from 1, such as `api/2`. */
export type InstanceId = `${string}/${number}`;
export type HostName = string;
/** An instance (`api/2`), a service as a whole (`api`) or a host (`host:alpha`). */
export type ComponentId = string;
/** `a1`, `a2`, …: one action, unique in a stack's history; makes commands idempotent. */
export type ActionId = `a${number}`;
/** `i1`, `i2`, …: one incident, unique in a stack's history. */
export type IncidentId = `i${number}`;

export function instanceId(service: ServiceName, number: number): InstanceId {
  return `${service}/${number}`;
}

/** Of components that were asked for: a name that is cut out anew costs more than to look it up. */
const services = new Map<ComponentId, ServiceName | null>();
const servicesMax = 20_000;

/** The service that an instance id or a service's own component id belongs to; null for a host. */
export function serviceOf(component: ComponentId): ServiceName | null {
  const known = services.get(component);
  if (known !== undefined) return known;
  const service = cutService(component);
  if (services.size >= servicesMax) services.clear();
  services.set(component, service);
  return service;
}

function cutService(component: ComponentId): ServiceName | null {
  if (component.startsWith('host:')) return null;
  const slash = component.lastIndexOf('/');
  return slash === -1 ? component : component.slice(0, slash);
}

export function isInstance(component: ComponentId): component is InstanceId {
  return /^[^:/]+\/\d+$/.test(component);
}

/** The number of an instance: 2 for `api/2`. */
export function numberOf(instance: InstanceId): number {
  return Number(instance.slice(instance.lastIndexOf('/') + 1));
}
