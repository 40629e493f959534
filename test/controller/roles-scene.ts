/** The part of a controller that carries out role steps, over real processes. */
import type { TestContext } from 'node:test';
import { Externals } from '../../src/controller/externals.ts';
import { Groups } from '../../src/controller/groups.ts';
import { InstanceContexts } from '../../src/controller/instance-context.ts';
import { PortBook } from '../../src/controller/port-book.ts';
import { RoleBook } from '../../src/controller/role-book.ts';
import { systemClock } from '../../src/controller/system-clock.ts';
import { Watcher } from '../../src/controller/watcher.ts';
import { createDrivers } from '../../src/drivers/index.ts';
import { processDriver } from '../../src/drivers/process.ts';
import type { Happening } from '../../src/model/event.ts';
import type { ExitInfo } from '../../src/model/exit.ts';
import type { RoleCommand, RoleEvent, RoleOrder, RoleStep } from '../../src/model/group.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import { layout } from '../../src/model/layout.ts';
import type { FailoverSpec, ServiceSpec } from '../../src/model/stack-spec.ts';
import type { Driver, RoleDriver } from '../../src/ports/driver.ts';
import type { Endpoints } from '../../src/ports/endpoints.ts';
import type { Observer } from '../../src/ports/observer.ts';
import { openStore } from '../../src/store/store.ts';
import { atEnd } from '../at-end.ts';
import { endpointSpec, serviceSpec } from '../drivers/scene.ts';
import { scene, until } from '../supervise/scene.ts';

type Done = Extract<RoleEvent, { readonly kind: 'role-done' }>;

export interface RolesSceneOptions {
  readonly command: readonly string[];
  readonly failover?: Partial<FailoverSpec>;
  /** Instead of the driver's own. */
  readonly roles?: RoleDriver;
  /** Time-outs are over at once. */
  readonly hurried?: boolean;
}

export function order(primary: InstanceId, role: RoleOrder['role'], epoch: number): RoleOrder {
  return { role, epoch, primary, eligible: [] };
}

export async function rolesScene(t: TestContext, options: RolesSceneOptions) {
  const { directory, processes, stackId, exits } = scene(t);
  const service = serviceOf(directory, options);
  const clock = systemClock();
  const hurried = { ...clock, after: (_: number, call: () => void) => clock.after(20, call) };
  const store = await openStore({ file: layout(directory).database });
  atEnd(t, () => store.close());
  const drivers: Readonly<Record<string, Driver>> = {
    ...createDrivers(),
    process: { ...processDriver, ...(options.roles === undefined ? {} : { roles: options.roles }) },
  };
  const contexts = new InstanceContexts({
    stateDir: directory,
    drivers,
    ports: new PortBook(store, stackId, () => undefined),
    environment: process.env,
    nodePath: process.execPath,
    reports: { socket: '', tokenOf: () => '' },
    log: () => undefined,
  });
  const told: Happening[] = [];
  const push = (happening: Happening) => told.push(happening);
  let quiesced: number | Error = 0;
  const ignore = () => undefined;
  const observer = { watch: ignore, unwatch: ignore, add: ignore } as unknown as Observer;
  const endpoints = {
    quiesce: () => (quiesced instanceof Error ? Promise.reject(quiesced) : quiesced),
  } as unknown as Endpoints;
  const book = new RoleBook(contexts);
  const watcher = new Watcher({ observer, processes, drivers, stateDir: directory });
  const externals = new Externals({ clock, driver: drivers['external'], contexts, watcher, push });
  const { starter, roles } = new Groups({
    ...{ clock: options.hurried ? hurried : clock, host: 'here' },
    ...{ processes, endpoints, observer, drivers, externals, contexts, watcher, book, push },
    service: () => service,
    services: () => [service],
    onError: () => undefined,
  });
  const run = (command: RoleCommand) => roles.run(command, (_, work) => void work());
  return {
    directory,
    processes,
    told,
    exits: exits as readonly (readonly [InstanceId, ExitInfo])[],
    run,
    look: (instance: InstanceId) => roles.look(service, instance),
    quiesces: (result: number | Error) => {
      quiesced = result;
    },
    async start(instance: InstanceId, given: RoleOrder): Promise<number> {
      const { pid } = await starter.go(service, await starter.prepare(service, instance, given));
      roles.started(service, instance);
      return pid;
    },
    async step(
      step: RoleStep,
      instance: InstanceId,
      given: RoleOrder,
      how: { readonly orderly?: boolean } = {},
    ): Promise<Done> {
      const before = told.length;
      run({ kind: 'role', step, instance, action: 'a1', order: given, ...how });
      return until(`${step} has ended`, () =>
        told.slice(before).find((one): one is Done => one.kind === 'role-done'),
      );
    },
  };
}

function serviceOf(directory: string, { command, failover }: RolesSceneOptions): ServiceSpec {
  return serviceSpec({
    name: 'api',
    command: { argv: command },
    environment: { INSTANCE_NAME: '${INSTANCE}' },
    workingDir: directory,
    replicas: 3,
    endpoint: endpointSpec(1),
    failover: {
      ...{ mode: 'active-standby', standby: 'hot', switchoverLimitMs: 1_000, holdMs: 1_000 },
      ...failover,
    },
    logging: { maxSizeBytes: 1_000_000, maxFiles: 3 },
    stopGracePeriodMs: 60_000,
  });
}
