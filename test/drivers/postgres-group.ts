/** A PostgreSQL service with failover, its servers run as the supervisor would, told their roles as
 * the engine would. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { findAccount } from '../../src/drivers/account.ts';
import { createDrivers } from '../../src/drivers/index.ts';
import type { RoleOrder } from '../../src/model/group.ts';
import { type InstanceId, numberOf } from '../../src/model/ids.ts';
import type { RecoveryPointsSpec } from '../../src/model/recovery-point.ts';
import type { FailoverSpec, PostgresSpec, ServiceSpec } from '../../src/model/stack-spec.ts';
import type { DriverContext, Launch, ProcessDriver, RoleDriver } from '../../src/ports/driver.ts';
import { freePort } from '../free-port.ts';
import {
  contextOf,
  end,
  makeScene,
  postgresService,
  removeScene,
  type Scene,
  signalIfThere,
  start,
  workingIn,
} from './scene.ts';

/** The binaries to test with: null is the embedded PostgreSQL. */
export const binDirs = [null, '/usr/lib/postgresql/15/bin'].filter(
  (directory) => directory === null || existsSync(directory),
);

export const limitMs = 120_000;

export class PostgresGroup {
  readonly driver: ProcessDriver;
  readonly roles: RoleDriver;
  readonly service: ServiceSpec;
  readonly scene: Scene;
  /** What was told to a person. */
  readonly told: string[] = [];
  readonly #ports: readonly number[];
  readonly #running = new Map<InstanceId, { child: ChildProcess; launch: Launch }>();

  private constructor(scene: Scene, service: ServiceSpec, ports: readonly number[]) {
    this.scene = scene;
    this.service = service;
    this.#ports = ports;
    const { postgres } = createDrivers({ sharedDir: scene.sharedDir });
    assert.equal(postgres.kind, 'process');
    assert.ok(postgres.roles);
    this.driver = postgres;
    this.roles = postgres.roles;
  }

  static async make(
    replicas: number,
    over: Partial<PostgresSpec> = {},
    durability: NonNullable<FailoverSpec['durability']> = { kind: 'synchronous' },
    recoveryPoints: RecoveryPointsSpec | null = null,
  ): Promise<PostgresGroup> {
    const scene = await makeScene();
    const ports: number[] = [];
    while (ports.length < replicas) ports.push(await freePort());
    const failover: FailoverSpec = {
      mode: 'replication',
      durability,
      switchoverLimitMs: 1_000,
      holdMs: 1_000,
    };
    const service = { ...postgresService(ports[0] ?? 0, over), replicas, failover };
    const points = recoveryPoints === null ? {} : { recoveryPoints };
    return new PostgresGroup(scene, { ...service, ...points }, ports);
  }

  context(instance: InstanceId, order: Omit<RoleOrder, 'role'>): DriverContext {
    const role = order.primary === instance ? 'primary' : 'standby';
    const primaryPort = instance === order.primary ? null : this.port(order.primary);
    return {
      ...contextOf(this.service, this.scene.stateDir),
      instance,
      port: this.port(instance),
      role: { order: { ...order, role }, primaryPort },
      progress: (text) => this.told.push(text),
    };
  }

  get running(): InstanceId[] {
    return [...this.#running.keys()];
  }

  port(instance: InstanceId): number {
    return this.#ports[numberOf(instance) - 1] ?? 0;
  }

  async start(instance: InstanceId, order: Omit<RoleOrder, 'role'>): Promise<Launch> {
    const context = this.context(instance, order);
    const launch = await this.driver.launch(context);
    await this.startAs(instance, launch);
    await this.driver.settle?.(context);
    await this.driver.check?.(context, limitMs);
    return launch;
  }

  async startAs(instance: InstanceId, launch: Launch): Promise<void> {
    const account = launch.user === null ? null : await findAccount(launch.user);
    const child = start(launch, account === null ? null : { uid: account.uid, gid: account.gid });
    // A pipe that nobody empties would stop it.
    child.stderr?.resume();
    this.#running.set(instance, { child, launch });
  }

  process(instance: InstanceId): ChildProcess {
    const found = this.#running.get(instance);
    assert.ok(found, `${instance} runs`);
    return found.child;
  }

  dataOf(instance: InstanceId): Promise<string> {
    return realpath(join(this.scene.stateDir, 'data', instance.replace('/', '.')));
  }

  /** The whole tree. */
  async end(instance: InstanceId, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const found = this.#running.get(instance);
    assert.ok(found, `${instance} runs`);
    await end(found.child, found.launch, signal);
    this.#running.delete(instance);
  }

  /** A signal for each process of the tree, the first one first. */
  async stopTree(instance: InstanceId, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const found = this.#running.get(instance);
    assert.ok(found, `${instance} runs`);
    found.child.kill(signal);
    for (const pid of await workingIn(found.launch.workingDir)) signalIfThere(pid, signal);
  }

  async remove(): Promise<void> {
    for (const instance of [...this.#running.keys()]) await this.end(instance);
    await removeScene(this.scene);
  }

  /** As an application, at that very instance. */
  async connect(instance: InstanceId): Promise<Client> {
    const attributes = await this.driver.attributes(this.service, this.scene.stateDir);
    const { user = '', password = '', database = '' } = attributes;
    const client = new Client({
      host: '127.0.0.1',
      port: this.port(instance),
      ...{ user, password, database },
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async ask(instance: InstanceId, query: string): Promise<Record<string, unknown>[]> {
    const client = await this.connect(instance);
    try {
      return (await client.query(query)).rows;
    } finally {
      await client.end();
    }
  }

  /** As the superuser, at db/1. */
  async command(text: string): Promise<void> {
    const file = join(this.scene.stateDir, 'secrets/db.json');
    const { superuser: password } = JSON.parse(await readFile(file, 'utf8'));
    const client = new Client({
      ...{ host: '127.0.0.1', port: this.port('db/1'), user: 'postgres', password },
      database: 'postgres',
    });
    await client.connect();
    await client.query(text).finally(() => client.end());
  }

  /** Primary at epoch 1 with a standby that it waits for, for each other replica. */
  async begin(): Promise<void> {
    const order = { epoch: 1, primary: 'db/1' as const };
    await this.start('db/1', { ...order, eligible: [] });
    const eligible: InstanceId[] = [];
    for (let number = 2; number <= this.service.replicas; number += 1) {
      const instance: InstanceId = `db/${number}`;
      await this.start(instance, { ...order, eligible });
      await this.roles.admit(this.context(instance, { ...order, eligible }), limitMs);
      eligible.push(instance);
    }
  }
}

/** Writes one number after the other into `kept`, until its server is gone. */
export class Writer {
  readonly #client: Client;
  readonly #first: number;
  readonly #written: Promise<void>;
  acknowledged = 0;
  #ending = false;

  private constructor(client: Client, first: number) {
    this.#client = client;
    this.#first = first;
    this.#written = this.#write();
  }

  /** Numbers from `first` + 1. */
  static async start(group: PostgresGroup, instance: InstanceId, first = 0): Promise<Writer> {
    return new Writer(await group.connect(instance), first);
  }

  /** Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#ending = true;
    await this.#written;
    await this.#client.end().catch(() => undefined);
  }

  async #write(): Promise<void> {
    while (!this.#ending) {
      const number = this.#first + this.acknowledged + 1;
      const done = await this.#client.query('insert into kept values ($1)', [number]).then(
        () => true,
        () => false,
      );
      if (!done) return;
      this.acknowledged += 1;
    }
  }
}
