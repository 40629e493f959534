/**
 * Limits that nobody holds instances to, such as for an ordinary user without a cgroup of its own,
 * are watched: whatever is beyond one leaks, and is restarted for that. Processor time can't be
 * limited by watching.
 */
import type { LimitsSpec, ServiceSpec, StackSpec, SymptomSpec } from '../model/stack-spec.ts';
import type { LimitsEnforcement } from '../ports/processes.ts';

export function withWatchedLimits(spec: StackSpec, enforced: LimitsEnforcement): StackSpec {
  const services = spec.services.map((service) => watched(service, enforced));
  return { ...spec, services };
}

function watched(service: ServiceSpec, enforced: LimitsEnforcement): ServiceSpec {
  const added = symptomsOf(service.limits, enforced);
  return added.length === 0 ? service : { ...service, symptoms: [...service.symptoms, ...added] };
}

function symptomsOf(limits: LimitsSpec, enforced: LimitsEnforcement): readonly SymptomSpec[] {
  const { memoryBytes, pids } = limits;
  const symptoms: SymptomSpec[] = [];
  if (memoryBytes !== null && enforced.memory === null) {
    symptoms.push(beyond('limits.memory', `memory.pss > size('${sizeText(memoryBytes)}')`));
  }
  if (pids !== null && enforced.pids === null) {
    symptoms.push(beyond('limits.pids', `threads > ${pids}`));
  }
  return symptoms;
}

function beyond(name: string, expr: string): SymptomSpec {
  return { kind: 'expr', name, expr, forMs: 0, keepFiringForMs: 0, faults: ['leak'] };
}

function sizeText(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}MiB` : `${bytes}B`;
}
