/** What a new definition of the stack changes: instances that stay keep what is known of them. */
import { type InstanceId, instanceId, type ServiceName } from '../model/ids.ts';
import { needsPort } from '../model/needs-port.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import { templateNames } from '../model/template.ts';
import {
  type EngineState,
  type InstanceState,
  isAlive,
  newInstance,
  type ServiceState,
} from './state.ts';

export function applyConfigured(state: EngineState, spec: StackSpec): void {
  const { services, ...stack } = spec;
  const before = new Map(Object.values(state.services).map(({ spec }) => [spec.name, spec]));
  const after = new Map(services.map((service) => [service.name, service]));
  const observed = state.stack?.mode === 'observe' || stack.mode === 'observe';
  state.stack = stack;
  const listed = new Set(services.map((service) => service.name));
  for (const [name, service] of Object.entries(state.services)) {
    if (!listed.has(name)) removeService(state, service);
  }
  for (const service of services) {
    const old = before.get(service.name);
    const left = observed || service.mode === 'observe' || old?.mode === 'observe';
    const same = old === undefined || launchOf(old, before) === launchOf(service, after);
    setService(state, service, !left && !same);
  }
  state.order = [
    ...services.map((service) => service.name),
    ...Object.keys(state.services).filter((name) => !listed.has(name)),
  ];
  for (const service of Object.values(state.services)) service.dependents = [];
  // What is to be removed counts as well: it is stopped before what it depends on.
  for (const name of state.order) {
    for (const dependency of state.services[name]?.spec.dependsOn ?? [])
      state.services[dependency.service]?.dependents.push(name);
  }
}

function removeService(state: EngineState, service: ServiceState): void {
  service.removed = true;
  service.wanted = 'down';
  for (const id of [...service.instances]) removeInstance(state, id);
}

function setService(state: EngineState, spec: ServiceSpec, changed: boolean): void {
  const known = state.services[spec.name];
  const ids = Array.from({ length: spec.replicas }, (_, index) => instanceId(spec.name, index + 1));
  const service: ServiceState = known ?? {
    spec,
    wanted: state.wanted,
    instances: [],
    dependents: [],
    acts: [],
    queue: [],
    removed: false,
  };
  if (service.removed) service.wanted = state.wanted;
  service.spec = spec;
  service.removed = false;
  state.services[spec.name] = service;
  for (const id of service.instances) if (!ids.includes(id)) removeInstance(state, id);
  for (const id of ids) setInstance(state, service, id, changed);
}

function setInstance(
  state: EngineState,
  service: ServiceState,
  id: InstanceId,
  changed: boolean,
): void {
  const known = state.instances[id];
  const instance = known ?? newInstance(id, service.spec.name);
  if (known === undefined || known.removed) instance.wanted = service.wanted;
  instance.removed = false;
  if (changed && isAlive(instance)) instance.changed = true;
  state.instances[id] = instance;
  if (!service.instances.includes(id)) service.instances.push(id);
}

function removeInstance(state: EngineState, id: InstanceId): void {
  const instance = state.instances[id];
  if (instance === undefined) return;
  instance.removed = true;
  instance.wanted = 'down';
  instance.next = null;
  forgetIfRemoved(state, instance);
}

/** Forgets an instance that left the stack file, and its service with the last one, once gone. */
export function forgetIfRemoved(state: EngineState, instance: InstanceState): void {
  if (!instance.removed || isAlive(instance)) return;
  const service = state.services[instance.service];
  // Whose role is to go to another is known until it has.
  const leads = service?.spec.failover !== undefined && service.group?.primary === instance.id;
  if (leads && !service.removed) return;
  delete state.instances[instance.id];
  if (service === undefined) return;
  service.instances = service.instances.filter((id) => id !== instance.id);
  if (!service.removed || service.instances.length > 0) return;
  delete state.services[instance.service];
  state.order = state.order.filter((name) => name !== instance.service);
}

/**
 * What a running instance was made from, as text to compare; also what its templates take from
 * other services, such as the port in a URL. What else a definition says holds without a restart.
 */
function launchOf(spec: ServiceSpec, all: ReadonlyMap<ServiceName, ServiceSpec>): string {
  const { driver, command, environment, workingDir, user, limits, external, postgres } = spec;
  const start = external?.start ?? null;
  const port = needsPort(spec);
  const own = [driver, command, environment, workingDir, user, limits, start, postgres, port];
  const templates = [...(command?.argv ?? []), ...Object.values(environment)];
  const mentioned = templates.flatMap(templateNames).flatMap((name) => {
    const other = all.get(/^services\.([^.]+)\./.exec(name)?.[1] ?? '');
    return other === undefined ? [] : [[name, other.driver, other.endpoint, other.postgres]];
  });
  return JSON.stringify([...own, mentioned]);
}
