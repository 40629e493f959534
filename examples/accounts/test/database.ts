/** A real PostgreSQL for the tests, by Daruma's own driver. */

import type { ChildProcess } from 'node:child_process';
import { findAccount } from '../../../src/drivers/account.ts';
import { createDrivers } from '../../../src/drivers/index.ts';
import type { Launch, ProcessDriver } from '../../../src/ports/driver.ts';
import {
  contextOf,
  end,
  makeScene,
  postgresService,
  removeScene,
  type Scene,
  start,
  workingIn,
} from '../../../test/drivers/scene.ts';
import { freePort } from '../../../test/free-port.ts';

export class TestDatabase {
  readonly url: string;
  readonly scene: Scene;
  readonly #context: ReturnType<typeof contextOf>;
  readonly #driver: ProcessDriver;
  #running: { readonly child: ChildProcess; readonly launch: Launch } | null = null;

  private constructor(
    scene: Scene,
    driver: ProcessDriver,
    context: ReturnType<typeof contextOf>,
    url: string,
  ) {
    this.scene = scene;
    this.#driver = driver;
    this.#context = context;
    this.url = url;
  }

  static async create(): Promise<TestDatabase> {
    const scene = await makeScene();
    const { postgres: driver } = createDrivers({ sharedDir: scene.sharedDir });
    if (driver.kind !== 'process') throw new Error('postgres is a driver of processes');
    const service = postgresService(await freePort());
    const { url = '' } = await driver.attributes(service, scene.stateDir);
    const database = new TestDatabase(scene, driver, contextOf(service, scene.stateDir), url);
    await database.start();
    return database;
  }

  async start(): Promise<void> {
    const launch = await this.#driver.launch(this.#context);
    const account = launch.user === null ? null : await findAccount(launch.user);
    const ids = account === null ? null : { uid: account.uid, gid: account.gid };
    this.#running = { child: start(launch, ids), launch };
    await this.#driver.settle?.(this.#context);
  }

  /** With SIGKILL a crash: of the whole tree, as a supervisor leaves it. */
  async stop(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    if (this.#running === null) return;
    await end(this.#running.child, this.#running.launch, signal);
    this.#running = null;
  }

  /** To the server and all its children. */
  async signal(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    if (this.#running === null) return;
    for (const pid of await workingIn(this.#running.launch.workingDir)) process.kill(pid, signal);
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    await removeScene(this.scene);
  }
}
