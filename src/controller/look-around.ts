/** What a controller finds when it starts: what runs is adopted; what doesn't is told. */
import { type InstanceId, instanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import type { AdoptionResult, Processes } from '../ports/processes.ts';
import type { Externals } from './externals.ts';
import type { Groups } from './groups.ts';
import type { InstanceContexts } from './instance-context.ts';
import type { Loop } from './loop.ts';
import type { PortBook } from './port-book.ts';
import type { Watcher } from './watcher.ts';

export interface Surroundings {
  readonly loop: Loop;
  readonly processes: Processes;
  readonly mode: StackSpec['mode'];
  /** Of the stack file. */
  readonly services: ReadonlyMap<ServiceName, ServiceSpec>;
  readonly contexts: InstanceContexts;
  readonly watcher: Watcher;
  readonly externals: Externals;
  readonly ports: PortBook;
  readonly groups: Groups;
}

const notThere = { running: false, pid: null, port: null, startedAt: null, exit: null } as const;

/** Resolves once the loop was told of everything. */
export async function lookAround(around: Surroundings): Promise<void> {
  const { loop, processes, ports } = around;
  const results = await processes.adopt();
  // All ports that are taken are known before one is given to an instance.
  for (const result of results) {
    if (result.kind !== 'adopted' || result.running.port === null) continue;
    ports.adopt(result.running.instance, result.running.port);
  }
  for (const result of results) {
    if (result.kind === 'adopted') await adopt(around, result);
    else tellEnd(loop, result);
  }
  tellAbsent(around, new Set(results.map(instanceOf)));
  await followExternals(around);
  loop.push({ kind: 'looked' });
}

function instanceOf(result: AdoptionResult): InstanceId {
  return result.kind === 'adopted' ? result.running.instance : result.instance;
}

async function adopt(
  around: Surroundings,
  { running, before }: Extract<AdoptionResult, { kind: 'adopted' }>,
): Promise<void> {
  const { loop, services, groups, contexts, watcher } = around;
  const { instance, pid, port, startedAt } = running;
  if (before !== undefined) tellEnd(loop, { instance, ...before });
  const known = loop.state.instances[instance];
  const wasReady = known?.phase === 'ready' && known.pid === pid;
  loop.push({ kind: 'found', instance, running: true, pid, port, startedAt, exit: null });
  const name = serviceOf(instance);
  const service = name === null ? undefined : services.get(name);
  if (service === undefined) return;
  await groups.adopt(service, instance, loop.state.services[service.name]?.group);
  const context = contexts.context(service, instance, port);
  watcher.watch(service, running, context, { adopted: true, wasReady });
}

function tellEnd(loop: Loop, gone: Omit<Extract<AdoptionResult, { kind: 'gone' }>, 'kind'>): void {
  const { instance, startedAt, exit } = gone;
  loop.push({ ...notThere, kind: 'found', instance, startedAt, exit });
}

/** What has no run on record. */
function tellAbsent({ loop, services }: Surroundings, found: ReadonlySet<InstanceId>): void {
  for (const service of services.values()) {
    if (service.driver === 'external') continue;
    for (let number = 1; number <= service.replicas; number += 1) {
      const instance = instanceId(service.name, number);
      if (!found.has(instance)) loop.push({ ...notThere, kind: 'found', instance });
    }
  }
}

async function followExternals({ loop, mode, externals }: Surroundings): Promise<void> {
  const known = Object.values(loop.state.services).map(({ spec }) => spec);
  await Promise.all(
    known
      .filter(({ driver }) => driver === 'external')
      .map((service) => {
        const observed = mode === 'observe' || service.mode === 'observe';
        return externals.follow(service, { observed });
      }),
  );
}
