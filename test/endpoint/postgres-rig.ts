/** A real PostgreSQL of its own, and clients of it behind an endpoint. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import net from 'node:net';
import { Client, DatabaseError } from 'pg';
import { findAccount } from '../../src/drivers/account.ts';
import { createDrivers } from '../../src/drivers/index.ts';
import type { Launch } from '../../src/ports/driver.ts';
import {
  contextOf,
  end,
  makeScene,
  postgresService,
  removeScene,
  type Scene,
  start,
} from '../drivers/scene.ts';
import { freePort } from '../free-port.ts';

export class Postgres {
  readonly port: number;
  readonly #scene: Scene;
  readonly #launch: Launch;
  readonly #child: ChildProcess;
  readonly #ends = new WeakMap<Client, Error>();
  #url = '';

  private constructor(port: number, scene: Scene, launch: Launch, child: ChildProcess) {
    this.port = port;
    this.#scene = scene;
    this.#launch = launch;
    this.#child = child;
  }

  static async start(): Promise<Postgres> {
    const scene = await makeScene();
    const { postgres: driver } = createDrivers({ sharedDir: scene.sharedDir });
    assert.equal(driver.kind, 'process');
    const port = await freePort();
    const context = contextOf(postgresService(port), scene.stateDir);
    const launch = await driver.launch(context);
    const account = launch.user === null ? null : await findAccount(launch.user);
    const ids = account === null ? null : { uid: account.uid, gid: account.gid };
    const one = new Postgres(port, scene, launch, start(launch, ids));
    await driver.settle?.(context);
    const { url = '' } = await driver.attributes(context.service, context.stateDir);
    one.#url = url;
    return one;
  }

  async end(): Promise<void> {
    await end(this.#child, this.#launch, 'SIGKILL');
    await removeScene(this.#scene);
  }

  /** A client that connects to `port`. */
  async client(port = this.port): Promise<Client> {
    const url = new URL(this.#url);
    url.port = String(port);
    const client = new Client({ connectionString: url.href });
    client.on('error', (error) => {
      // What follows the first is only that the connection has ended.
      if (!this.#ends.has(client)) this.#ends.set(client, error);
    });
    await client.connect();
    return client;
  }

  /** Asks the server to cancel what the client waits for. */
  cancel(client: Client, port: number): void {
    const { processID, secretKey } = client as unknown as Record<string, number>;
    const request = Buffer.alloc(16);
    [16, 80_877_102, processID ?? 0, secretKey ?? 0].forEach((value, index) => {
      request.writeInt32BE(value, 4 * index);
    });
    net.connect(port, '127.0.0.1').end(request);
  }

  /** Why a query failed: itself, or because the client was told of its end before. */
  code(client: Client, error: unknown): string {
    const cause = error instanceof DatabaseError ? error : (this.#ends.get(client) ?? error);
    return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  }
}
