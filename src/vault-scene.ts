/** What a job on recovery points works with, made of what it was told: places, source, keys. */
import { readFileSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InstanceContexts } from './controller/instance-context.ts';
import { createDrivers } from './drivers/index.ts';
import { DarumaError, errorInfo } from './model/errors.ts';
import { type RecoveryPointsSpec, stateService } from './model/recovery-point.ts';
import type { ServiceSpec } from './model/stack-spec.ts';
import type { DataDriver, DataScene, LogStore } from './ports/data-driver.ts';
import { readSecret } from './ports/secret.ts';
import type { PointSource, VaultContext } from './ports/vault.ts';
import type { JobProgress, JobScene } from './ports/vault-job.ts';
import { parseEnvironmentFile } from './stack/dotenv.ts';
import { asUser } from './supervise/user.ts';
import { listExtras, readExtra, removeExtra, storeExtra } from './vault/extras.ts';
import { type Identities, readIdentities } from './vault/keys.ts';
import { unlockIdentities } from './vault/passphrase-keys.ts';
import type { CommandRun } from './vault/sources/context.ts';
import { usersEnvironment } from './vault/sources/gently.ts';
import { createSource } from './vault/sources/index.ts';
import { limitedSource } from './vault/sources/rate.ts';

export class VaultScene {
  readonly scene: JobScene;
  /** Null: the points are of Daruma's own state. */
  readonly service: ServiceSpec | null;
  readonly points: RecoveryPointsSpec;
  readonly context: VaultContext;
  /** Of a service whose driver knows its data. */
  readonly data: DataDriver | null;
  readonly report: (progress: JobProgress) => void;
  readonly #contexts: InstanceContexts;

  private constructor(
    scene: JobScene,
    contexts: InstanceContexts,
    of: Pick<VaultScene, 'service' | 'points' | 'data' | 'report'>,
  ) {
    this.scene = scene;
    this.service = of.service;
    this.points = of.points;
    this.data = of.data;
    this.report = of.report;
    this.#contexts = contexts;
    const { stateDir, version } = scene;
    this.context = {
      stack: scene.spec.name,
      service: scene.service,
      spec: of.points,
      indexDir: join(stateDir, 'vault-index', scene.service),
      scratchDir: join(stateDir, 'vault-work', scene.service),
      version,
    };
  }

  /** Rejects with NOT_FOUND when there are no points of such a service. */
  static async of(scene: JobScene, report: VaultScene['report']): Promise<VaultScene> {
    const { spec, stateDir } = scene;
    const service = spec.services.find(({ name }) => name === scene.service) ?? null;
    const written = scene.service === stateService ? spec.recoveryPoints : service?.recoveryPoints;
    if (written === undefined)
      throw new DarumaError('NOT_FOUND', `${scene.service} has no \`recovery_points\``);
    const to = written.to.map((place) =>
      place.kind === 'directory' ? { ...place, path: resolve(stateDir, place.path) } : place,
    );
    addVariables(spec.directory);
    const drivers = createDrivers();
    const driver = service === null ? undefined : drivers[service.driver];
    const data = driver?.kind === 'process' ? (driver.data ?? null) : null;
    const contexts = new InstanceContexts({
      stateDir,
      drivers,
      environment: usersEnvironment(process.env),
      nodePath: process.execPath,
      reports: { socket: '', tokenOf: () => '' },
      log: () => undefined,
      ports: { portOf: () => Promise.reject(new Error('a job gives no ports')) },
    });
    await contexts.configure(spec);
    const made = new VaultScene(scene, contexts, {
      service,
      data,
      report,
      points: { ...written, to },
    });
    for (const directory of [made.context.indexDir, made.context.scratchDir])
      await mkdir(directory, { recursive: true, mode: 0o700 });
    return made;
  }

  get dataScene(): DataScene {
    const { running, stateDir, primary } = this.scene;
    if (this.service === null) throw new DarumaError('INTERNAL', 'no service');
    return {
      service: this.service,
      stateDir,
      running: running.flatMap(({ instance, port }) => (port === null ? [] : [{ instance, port }])),
      primary,
      progress: () => undefined,
    };
  }

  /** By the first that there is: the file named, the restore drill's, a passphrase that the stack
   * file leads to. Null: none is known. */
  async identities(file: string | null): Promise<Identities | null> {
    const named = file ?? this.points.drill?.identity ?? null;
    if (named !== null) return readIdentities(named);
    const phrase = this.points.encryptTo.find(({ kind }) => kind === 'passphrase');
    if (phrase?.kind !== 'passphrase') return null;
    const text = await readSecret(phrase.passphrase, `the passphrase ${phrase.name}`);
    return unlockIdentities(this.context, phrase.name, text);
  }

  source(): PointSource {
    return this.#limited(this.#plainSource());
  }

  /** Null: what `source` gives is the primary's, or of no database. */
  primarySource(): PointSource | null {
    if (this.data === null) return null;
    const scene = this.dataScene;
    const running = scene.running.filter(({ instance }) => instance === scene.primary);
    if (running.length === 0 || running.length === scene.running.length) return null;
    return this.#limited(this.data.source({ ...scene, running }));
  }

  #limited(source: PointSource): PointSource {
    const { bytesPerSecondMax } = this.points;
    return bytesPerSecondMax === null ? source : limitedSource(source, bytesPerSecondMax);
  }

  #plainSource(): PointSource {
    const { source } = this.points;
    if (source.kind === 'postgres') return this.theData().source(this.dataScene);
    const { stateDir, running } = this.scene;
    return createSource(source, {
      now: Date.now,
      scratchDir: this.context.scratchDir,
      leaveOut: this.#notData(),
      stateDir,
      run: this.runOf(running[0]?.port ?? null, this.service?.dataDir ?? stateDir),
    });
  }

  theData(): DataDriver {
    if (this.data !== null) return this.data;
    throw new DarumaError('INTERNAL', `${this.scene.service} has no driver of its data`);
  }

  #notData(): readonly string[] {
    const places = this.points.to.flatMap((one) => (one.kind === 'directory' ? [one.path] : []));
    return [...places, this.scene.stateDir];
  }

  /** How the service's commands are run, given a port and a directory for its data. */
  runOf(port: number | null, dataDir: string): CommandRun {
    const { service } = this;
    if (service === null) {
      const workingDir = this.scene.spec.directory;
      return { asUser: [], workingDir, environment: {}, expand: (text) => text };
    }
    const instance = this.scene.primary;
    const context = this.#contexts.context({ ...service, dataDir }, instance, port);
    const { DARUMA_SOCKET: _socket, DARUMA_TOKEN: _token, ...environment } = context.environment;
    const { expand } = context;
    return { asUser: asUser(service.user), workingDir: service.workingDir, environment, expand };
  }

  /** What the vault has of the log. */
  log(identities: Identities | null): LogStore {
    const { context } = this;
    return {
      list: (prefix) => listExtras(context, prefix),
      store: async (key, content) => {
        await storeExtra(context, key, content);
      },
      read: (key) => readExtra(context, key, identities),
      remove: (key) => removeExtra(context, key).then(() => undefined),
    };
  }

  async logKeys(): Promise<readonly string[]> {
    if (this.data === null) return [];
    return listExtras(this.context, this.data.logPrefix(this.scene.service));
  }

  /** Where an instance's data lies; with links resolved, where there is something. */
  async dataDirectory(): Promise<string> {
    const { primary } = this.scene;
    const path = await this.theData().dataDirectory(this.dataScene, primary);
    return realpath(path).catch((error: unknown) => {
      if (errorInfo(error).code === 'ENOENT') return path;
      throw error;
    });
  }
}

/** Secrets may be named in `.env` beside the stack file; what is set already goes before. */
function addVariables(directory: string): void {
  let text: string;
  try {
    text = readFileSync(join(directory, '.env'), 'utf8');
  } catch (error) {
    if (errorInfo(error).code === 'ENOENT') return;
    throw error;
  }
  const { values } = parseEnvironmentFile(text, (name) => process.env[name]);
  for (const [name, value] of Object.entries(values)) process.env[name] ??= value;
}
