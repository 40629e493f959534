/** One PostgreSQL server of Debian's, with data and settings as Daruma's driver makes them, run by
 * the benchmark itself: the same for whoever copies it. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { findAccount } from '../../src/drivers/account.ts';
import { createDrivers } from '../../src/drivers/index.ts';
import type { RecoveryPointsSpec } from '../../src/model/recovery-point.ts';
import type { StackSpec } from '../../src/model/stack-spec.ts';
import type { DriverContext, ProcessDriver } from '../../src/ports/driver.ts';
import { readStack } from '../../src/stack/read.ts';
import { inBackground } from '../clusters/processes.ts';
import { markName } from '../marked.ts';
import { debianPostgres } from '../peers/postgres.ts';
import { until } from '../wait.ts';

const run = promisify(execFile);
const limitMs = 120_000;

type Account = { readonly uid: number; readonly gid: number } | null;

/** What a contender needs before the server is first started. */
export interface DatabaseSetup {
  readonly settings: Readonly<Record<string, string>>;
  readonly recoveryPoints: RecoveryPointsSpec | null;
}

export class BenchDatabase {
  readonly directory: string;
  readonly sharedDir: string;
  readonly stateDir: string;
  readonly service: StackSpec['services'][number];
  readonly port: number;
  readonly #mark: string;
  #pid = 0;
  #account: Account = null;
  #password = '';

  private constructor(directory: string, service: BenchDatabase['service'], mark: string) {
    this.directory = directory;
    this.sharedDir = join(directory, 'shared');
    this.stateDir = join(directory, 'state');
    this.service = service;
    this.port = service.endpoint?.port ?? 0;
    this.#mark = mark;
  }

  static async make(
    directory: string,
    port: number,
    setup: DatabaseSetup,
    mark: string,
  ): Promise<BenchDatabase> {
    const spec = await specOf(directory, port, setup.settings);
    const [service] = spec.services;
    if (service === undefined) throw new Error('the stack has no service');
    const { recoveryPoints } = setup;
    const given = recoveryPoints === null ? service : { ...service, recoveryPoints };
    const database = new BenchDatabase(directory, given, mark);
    mkdirSync(database.stateDir, { mode: 0o700 });
    return database;
  }

  /** As whom the server runs; null: as ourselves. */
  get account(): Account {
    return this.#account;
  }

  get superuserPassword(): string {
    const file = join(this.stateDir, 'secrets', 'db.json');
    return JSON.parse(readFileSync(file, 'utf8')).superuser;
  }

  /** Where the data lies. */
  get data(): string {
    return realpathSync(join(this.stateDir, 'data', 'db.1'));
  }

  /** Resolves when it was started, perhaps before it takes connections. */
  async start(): Promise<void> {
    const driver = this.#driver();
    const context = this.#context();
    const launch = await driver.launch(context);
    const account = launch.user === null ? null : await findAccount(launch.user);
    this.#account = account;
    const environment = { ...launch.environment, [markName]: this.#mark };
    chmodSync(this.directory, 0o777);
    const where = { directory: this.directory, environment, account };
    this.#pid = inBackground('server', launch.argv, where);
  }

  /** Roles and the database. */
  async settle(): Promise<void> {
    const driver = this.#driver();
    await driver.settle?.(this.#context());
    const attributes = await driver.attributes(this.service, this.stateDir);
    this.#password = attributes['password'] ?? '';
  }

  async stop(): Promise<void> {
    process.kill(this.#pid, 'SIGINT');
    await until('the end of the server', limitMs, () => (isAlive(this.#pid) ? null : true));
  }

  /** As an application; a server that only starts is waited for. */
  connect(): Promise<Client> {
    return until('a connection', limitMs, async () => {
      const whom = { user: 'app', password: this.#password, database: 'app' };
      const client = new Client({ host: '127.0.0.1', port: this.port, ...whom });
      client.on('error', () => undefined);
      return client.connect().then(
        () => client,
        () => null,
      );
    });
  }

  async ask(query: string): Promise<Record<string, unknown>[]> {
    const client = await this.connect();
    try {
      return (await client.query(query)).rows;
    } finally {
      await client.end();
    }
  }

  /** `pgbench` with these arguments; what it says. */
  async pgbench(...args: string[]): Promise<string> {
    const program = `${debianPostgres()}/pgbench`;
    const where = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'app', 'app'];
    const env = { ...process.env, PGPASSWORD: this.#password, [markName]: this.#mark };
    return (await run(program, [...args, ...where], { env })).stdout;
  }

  #driver(): ProcessDriver {
    const { postgres } = createDrivers({ sharedDir: this.sharedDir });
    if (postgres.kind === 'process') return postgres;
    throw new Error('PostgreSQL is run by somebody else');
  }

  #context(): DriverContext {
    return {
      service: this.service,
      instance: 'db/1',
      stateDir: this.stateDir,
      port: this.port,
      environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      expand: (template) => template,
      progress: () => undefined,
    };
  }
}

async function specOf(
  directory: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<StackSpec> {
  const file = join(directory, 'daruma.yaml');
  const postgres = { bin_dir: debianPostgres(), settings, database: 'app' };
  const services = { db: { driver: 'postgres', endpoint: port, postgres } };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ name: 'bench', services }));
  const read = await readStack({ file, environment: {} });
  if (read.ok) return read.spec;
  throw new Error(read.problems.map(({ message }) => message).join('; '));
}

/** It is our child, whom somebody else collects. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
