/**
 * What can befall a stack, each with how often it does: a kind of fault at a service, which a
 * restart mends or does not. Faults are rare, so each story has one, and the stories are weighed
 * by the rates.
 */
import type { ServiceName } from '../../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../../model/stack-spec.ts';
import { type FaultKind, faultKinds } from '../../model/symptom.ts';
import { isJob } from './assumptions.ts';

export interface Hazard {
  readonly service: ServiceName;
  readonly kind: FaultKind;
  /** A restart doesn't mend it. */
  readonly lasting: boolean;
  /** Over all instances of the service. */
  readonly perYear: number;
}

/** Of one instance. */
export interface Rates {
  perHour(service: ServiceName, kind: FaultKind): number;
  /** P(a restart mends it). */
  restartMends(service: ServiceName, kind: FaultKind): number;
}

const hoursPerYear = 8_766;

/** The most frequent first: story number n is of hazard n modulo their number. */
export function hazardsOf(spec: StackSpec, rates: Rates): Hazard[] {
  return spec.services
    .filter((service) => !isJob(spec, service))
    .flatMap((service) => hazardsAt(service, rates))
    .sort((a, b) => b.perYear - a.perYear);
}

function hazardsAt({ name, replicas }: ServiceSpec, rates: Rates): Hazard[] {
  return faultKinds.flatMap((kind) => {
    const perYear = rates.perHour(name, kind) * hoursPerYear * replicas;
    const mends = rates.restartMends(name, kind);
    return [
      { service: name, kind, lasting: false, perYear: perYear * mends },
      { service: name, kind, lasting: true, perYear: perYear * (1 - mends) },
    ];
  });
}
