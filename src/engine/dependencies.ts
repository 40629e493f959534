/** Whether a service's dependencies are there. */
import type { ServiceName } from '../model/ids.ts';
import type { DependencySpec } from '../model/stack-spec.ts';
import { groupOf, primaryOf } from './group.ts';
import { type EngineState, type InstanceState, instancesOf, isRunning } from './state.ts';

export interface Missing {
  readonly service: ServiceName;
  /** Such as «waits for db: not ready yet». */
  readonly text: string;
}

/** The first dependency that is not there; null: all are, or those missing are not required. */
export function missingDependency(state: EngineState, service: ServiceName): Missing | null {
  for (const dependency of state.services[service]?.spec.dependsOn ?? []) {
    if (isMet(state, dependency) || isWaived(state, dependency)) continue;
    return { service: dependency.service, text: missingText(state, dependency) };
  }
  return null;
}

function isMet(state: EngineState, dependency: DependencySpec): boolean {
  // What is to be stopped, and is not gone yet, is nothing to rely on.
  const instances = providersOf(state, dependency.service).filter(
    (one) => one.wanted === 'up' || one.unasked,
  );
  switch (dependency.condition) {
    case 'service_started':
      return instances.some((one) => isRunning(one) || one.phase === 'completed');
    case 'service_healthy':
      return instances.some((one) => one.phase === 'ready');
    case 'service_completed_successfully':
      return instances.length > 0 && instances.every((one) => one.phase === 'completed');
  }
}

/** Those that may do a service's work: all, or with failover the primary, once it serves. */
export function providersOf(state: EngineState, service: ServiceName): InstanceState[] {
  const group = groupOf(state, service);
  if (group === null) return instancesOf(state, service);
  const primary = primaryOf(state, service);
  return primary === null || group.servedAt === null || group.change !== null ? [] : [primary];
}

/** A dependency that is not required is waited for only while it is on its way. */
function isWaived(state: EngineState, dependency: DependencySpec): boolean {
  if (dependency.required) return false;
  return !instancesOf(state, dependency.service).some(isOnItsWay);
}

function isOnItsWay(instance: InstanceState): boolean {
  if (instance.wanted === 'down') return false;
  if (instance.phase === 'starting' || instance.phase === 'running') return true;
  return instance.phase === 'stopped' || (instance.phase === 'held' && instance.hold !== 'person');
}

function missingText(state: EngineState, dependency: DependencySpec): string {
  const name = dependency.service;
  const instances = instancesOf(state, name);
  if (instances.every((one) => one.wanted === 'down'))
    return `waits for ${name}: it is not wanted up`;
  if (instances.some((one) => one.phase === 'exited' || one.hold === 'person'))
    return `waits for ${name}: it failed`;
  if (dependency.condition === 'service_completed_successfully')
    return `waits for ${name}: not completed yet`;
  const lacks = dependency.condition === 'service_started' ? 'started' : 'ready';
  return `waits for ${name}: not ${lacks} yet`;
}
