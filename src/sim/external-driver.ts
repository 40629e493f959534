/**
 * The real follower of external services (`src/controller/externals.ts`) over the model world: its
 * commands start, stop and ask processes there. They go on when the controller is killed.
 */
import { Externals } from '../controller/externals.ts';
import { InstanceContexts } from '../controller/instance-context.ts';
import { PortBook } from '../controller/port-book.ts';
import { Watcher } from '../controller/watcher.ts';
import { DarumaError } from '../model/errors.ts';
import type { Happening } from '../model/event.ts';
import type { InstanceId } from '../model/ids.ts';
import type { Driver, DriverContext, ExternalDriver } from '../ports/driver.ts';
import type { Observer } from '../ports/observer.ts';
import type { Processes } from '../ports/processes.ts';
import type { Store } from '../ports/store.ts';
import type { ControllerProcess } from './controller-process.ts';
import type { Eyes } from './eyes.ts';
import type { Process, World } from './world.ts';

const commandMs = 20;
const graceMs = 3_000;
const lookMs = 50;

interface Outer {
  readonly process: ControllerProcess;
  readonly world: World;
  readonly eyes: Eyes;
  readonly store: Store;
  readonly tell: (happening: Happening) => void;
}

export function followExternals({ process, world, eyes, store, tell }: Outer): Externals {
  const driver = new ModelDriver(process, world);
  const drivers: Readonly<Record<string, Driver>> = { external: driver };
  const contexts = new InstanceContexts({
    stateDir: '/sim',
    drivers,
    ports: new PortBook(store, 'sim', () => undefined),
    environment: {},
    nodePath: 'node',
    reports: { socket: '/sim/report.sock', tokenOf: () => '' },
    log: () => undefined,
  });
  const observer: Pick<Observer, 'watch' | 'unwatch'> = {
    watch: ({ instance, service, adopted, startedAt }) => {
      const running = world.process(instance);
      if (running !== null) eyes.watch(running, service, { adopted, startedAt });
    },
    unwatch: (instance) => eyes.unwatch(instance),
  };
  const watcher = new Watcher({
    observer: observer as Observer,
    processes: {} as Processes,
    drivers,
    stateDir: '/sim',
  });
  return new Externals({ clock: process, driver, contexts, watcher, push: tell });
}

class ModelDriver implements ExternalDriver {
  readonly kind = 'external';
  readonly #controller: ControllerProcess;
  readonly #world: World;

  constructor(controller: ControllerProcess, world: World) {
    this.#controller = controller;
    this.#world = world;
  }

  start({ instance }: DriverContext): Promise<void> {
    return this.#run((done) => {
      const failed = this.#world.startError(instance);
      if (failed !== null) {
        done(new DarumaError('START_FAILED', failed.message));
        return;
      }
      if (this.#world.process(instance) === null) this.#world.spawn(instance, 0);
      done(null);
    });
  }

  /** Ends it by a signal, at last by force, and waits for it, as `systemctl stop` does. */
  stop({ instance }: DriverContext): Promise<void> {
    return this.#run((done) => {
      const process = this.#world.process(instance);
      if (process !== null) this.#end(process);
      this.#untilGone(instance, process, 2 * graceMs, done);
    });
  }

  status({ instance }: DriverContext): ReturnType<ExternalDriver['status']> {
    return new Promise((resolve) => {
      this.#controller.input(commandMs, () => {
        const running = this.#world.process(instance) !== null;
        resolve({ running, pid: null, text: running ? 'active' : 'inactive' });
      });
    });
  }

  logs(): null {
    return null;
  }

  async attributes(): Promise<Readonly<Record<string, string>>> {
    return {};
  }

  /** A command of its own: it goes on without the controller, who is told of its end. */
  #run(work: (done: (error: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#later(commandMs, () =>
        work((error) => {
          this.#controller.input(1, () => (error === null ? resolve() : reject(error)));
        }),
      );
    });
  }

  #end(process: Process): void {
    this.#world.signal(process);
    this.#later(graceMs, () => this.#world.kill(process));
  }

  #untilGone(
    instance: InstanceId,
    process: Process | null,
    leftMs: number,
    done: (error: Error | null) => void,
  ): void {
    if (process === null || this.#world.process(instance) !== process || leftMs <= 0) done(null);
    else this.#later(lookMs, () => this.#untilGone(instance, process, leftMs - lookMs, done));
  }

  #later(ms: number, action: () => void): void {
    this.#world.timeline.after(ms, () => {
      action();
      return undefined;
    });
  }
}
