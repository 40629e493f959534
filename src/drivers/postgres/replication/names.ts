/** What the standbys of a service are called at their primary. */
import { createHash } from 'node:crypto';
import { type InstanceId, instanceId, numberOf, serviceOf } from '../../../model/ids.ts';
import type { ServiceSpec } from '../../../model/stack-spec.ts';

/** What PostgreSQL keeps of a name. */
const charactersMax = 63;

/** A name that nobody has. Whoever waits for it acknowledges nothing. */
export const nobody = 'daruma_nobody';

/** By which the primary of this epoch knows a standby; one of another epoch is a stranger to it. */
export function standbyName(instance: InstanceId, epoch: number): string {
  return short(instance, `_e${epoch}`);
}

/** Lower case, digits and underscores only. */
export function slotName(instance: InstanceId): string {
  return short(instance, '').toLowerCase();
}

/** Of each replica that the service has. */
export function slotNames(service: ServiceSpec): string[] {
  return replicasOf(service).map(slotName);
}

export function instanceNamed(
  service: ServiceSpec,
  name: string,
  epoch: number,
): InstanceId | undefined {
  return replicasOf(service).find((instance) => standbyName(instance, epoch) === name);
}

/** The value of `synchronous_standby_names` that waits for all of them; empty: for nobody. */
export function waitingFor(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `FIRST ${names.length} (${names.map((name) => `"${name}"`).join(', ')})`;
}

/** The names in such a value, in its order. */
export function namesIn(value: string): string[] {
  return [...value.matchAll(/"([^"]*)"/g)].map(([, name = '']) => name);
}

function replicasOf({ name, replicas }: ServiceSpec): InstanceId[] {
  return Array.from({ length: replicas }, (_, index) => instanceId(name, index + 1));
}

function short(instance: InstanceId, suffix: string): string {
  const whole = `daruma_${instance.replaceAll(/[^A-Za-z0-9_]/g, '_')}${suffix}`;
  if (whole.length <= charactersMax) return whole;
  const hash = createHash('sha256')
    .update(serviceOf(instance) ?? '')
    .digest('hex')
    .slice(0, 16);
  return `daruma_${hash}_${numberOf(instance)}${suffix}`;
}
