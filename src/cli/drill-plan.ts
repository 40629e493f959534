/** All drills that a stack can take: every fault on one instance of every service. */
import { createHash } from 'node:crypto';
import { type DrillFaultName, drillFaults } from '../model/drill.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import type { InstanceView, ServiceView, StackView } from '../model/view.ts';
import { noLeak } from './faults.ts';

export interface PlannedDrill {
  readonly fault: DrillFaultName;
  /** Null: Daruma's own controller. */
  readonly service: ServiceName | null;
  readonly instance: InstanceId | null;
  /** Why it can't be done; null: it can. */
  readonly skip: string | null;
}

export interface Drillable {
  readonly view: StackView;
  readonly spec: StackSpec;
  /** A keeper would bring the controller back. */
  readonly kept: boolean;
}

/** In an order that the seed decides. */
export function plannedDrills({ view, spec, kept }: Drillable, seed: number): PlannedDrill[] {
  const all = view.services.flatMap((service) => drillsOf(service, spec));
  const skip = kept ? null : 'no keeper would bring it back';
  const own = { fault: 'controller-kill' as const, service: null, instance: null, skip };
  return shuffled([...all, own], seed);
}

function drillsOf(view: ServiceView, spec: StackSpec): PlannedDrill[] {
  const { name, instances } = view;
  const service = spec.services.find((one) => one.name === name);
  if (service === undefined) return [];
  const ready = instances.find(({ phase }) => phase === 'ready');
  const faults = drillFaults.filter((fault) => fault !== 'controller-kill');
  return faults.map((fault) => ({
    fault,
    service: name,
    instance: ready?.id ?? instances[0]?.id ?? null,
    skip: ready === undefined ? notReady(view) : obstacle(fault, service, view, ready),
  }));
}

function notReady({ wanted, instances }: ServiceView): string {
  if (wanted === 'down') return 'it is stopped';
  const phases = [...new Set(instances.map(({ phase }) => phase))];
  return phases.every((phase) => phase === 'completed')
    ? 'it has done its work'
    : `it is not ready: ${phases.join(', ')}`;
}

function obstacle(
  fault: DrillFaultName,
  service: ServiceSpec,
  { mode, maintenance }: ServiceView,
  { pid }: InstanceView,
): string | null {
  const { driver, restart } = service;
  const observed = mode === 'observe';
  if (maintenance !== undefined) return 'it is under maintenance';
  if (pid === null) return 'its process is not known';
  if (restart.policy === 'no' && !observed) return 'it is not to be restarted (restart: no)';
  if (fault === 'leak' && driver === 'external' && !observed) return noLeak;
  return blindSpot(fault, service);
}

/** Why nobody would notice a fault, or end it; null: somebody would. */
export function blindSpot(fault: DrillFaultName, service: ServiceSpec): string | null {
  if (fault === 'slow' && service.healthcheck === null)
    return 'it has no health check that could tell';
  if (fault === 'leak' && !limitsMemory(service))
    return 'neither a memory limit nor a symptom would end the leak';
  return null;
}

function limitsMemory({ limits, symptoms }: ServiceSpec): boolean {
  const watched = symptoms.some((one) => one.kind === 'expr' && one.expr.includes('memory.'));
  return limits.memoryBytes !== null || watched;
}

/** Each drill has its place by a hash: chance to the eye, the same for the same seed. */
function shuffled(drills: readonly PlannedDrill[], seed: number): PlannedDrill[] {
  const place = ({ fault, service }: PlannedDrill) =>
    createHash('sha256').update(`${seed} ${fault} ${service}`).digest('hex');
  return drills
    .map((drill) => ({ drill, at: place(drill) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ drill }) => drill);
}
