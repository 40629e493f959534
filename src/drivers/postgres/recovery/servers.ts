/** The servers of a service as a job finds them: where their data lies, and how they are asked. */
import { type InstanceId, instanceId } from '../../../model/ids.ts';
import type { ServiceSpec } from '../../../model/stack-spec.ts';
import type { DataScene } from '../../../ports/data-driver.ts';
import type { Target } from '../connection.ts';
import { type Place, placeOf } from '../place.ts';
import { postgresSpec } from '../roles.ts';
import type { Secrets } from '../secrets.ts';

export interface Server {
  readonly instance: InstanceId;
  readonly place: Place;
  /** The superuser, whose commits don't wait; null: it doesn't run. */
  readonly target: Target | null;
}

export type ReadSecrets = (service: ServiceSpec, stateDir: string) => Promise<Secrets>;

export class Servers {
  readonly scene: DataScene;
  readonly sharedDir: string;
  readonly #secrets: ReadSecrets;

  constructor(scene: DataScene, sharedDir: string, secrets: ReadSecrets) {
    this.scene = scene;
    this.sharedDir = sharedDir;
    this.#secrets = secrets;
  }

  /** By number. */
  async all(): Promise<Server[]> {
    const { service } = this.scene;
    const numbers = Array.from({ length: service.replicas }, (_, index) => index + 1);
    return Promise.all(numbers.map((number) => this.#of(instanceId(service.name, number))));
  }

  primary(): Promise<Server> {
    return this.#of(this.scene.primary);
  }

  /** The superuser's and its password. */
  async superuser(): Promise<Omit<Target, 'port'>> {
    const { service, stateDir } = this.scene;
    const { superuser: password } = await this.#secrets(service, stateDir);
    const user = postgresSpec(service).superuser;
    return { user, password, database: 'postgres', unwaited: true };
  }

  async #of(instance: InstanceId): Promise<Server> {
    const { service, stateDir, running } = this.scene;
    const place = await placeOf({ service, instance, stateDir }, this.sharedDir);
    const port = running.find((one) => one.instance === instance)?.port;
    const target = port === undefined ? null : { ...(await this.superuser()), port };
    return { instance, place, target };
  }
}
