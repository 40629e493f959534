/** What an instance is given: its port, its environment, the values of its templates. */
import type { InstanceId, ServiceName } from '../model/ids.ts';
import { numberOf } from '../model/ids.ts';
import { needsPort } from '../model/needs-port.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import { expandTemplate } from '../model/template.ts';
import type { Driver, DriverContext } from '../ports/driver.ts';
import type { PortBook } from './port-book.ts';

type Attributes = Readonly<Record<string, string>>;

/** Variables that the service manager or a test gave to Daruma itself. */
const ours =
  /^(DARUMA_|NOTIFY_SOCKET$|WATCHDOG_|INVOCATION_ID$|JOURNAL_STREAM$|LISTEN_|NODE_CHANNEL_)/;

export interface ContextOptions {
  readonly stateDir: string;
  readonly drivers: Readonly<Record<string, Driver>>;
  readonly ports: Pick<PortBook, 'portOf'>;
  /** The user's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The Node.js that runs Daruma, as `${DARUMA_NODE}`. */
  readonly nodePath: string;
  readonly reports: Reports;
  readonly log: (text: string) => void;
}

/** How an instance reports errors to us. */
export interface Reports {
  /** Absolute path. */
  readonly socket: string;
  /** By which it is known. */
  tokenOf(instance: InstanceId): string;
}

export class InstanceContexts {
  readonly #options: ContextOptions;
  readonly #usersOwn: Record<string, string> = {};
  /** Without a role. */
  readonly #made = new Map<InstanceId, DriverContext>();
  #attributes = new Map<ServiceName, Attributes>();

  constructor(options: ContextOptions) {
    this.#options = options;
    for (const [name, value] of Object.entries(options.environment)) {
      if (value !== undefined && !ours.test(name)) this.#usersOwn[name] = value;
    }
  }

  /** Reads what the services tell of themselves; to be called whenever the spec changes. */
  async configure(spec: StackSpec): Promise<void> {
    const { drivers, stateDir } = this.#options;
    const entries = await Promise.all(
      spec.services.map(async (service): Promise<[string, Attributes]> => {
        const driver = drivers[service.driver];
        return [
          service.name,
          driver === undefined ? {} : await driver.attributes(service, stateDir),
        ];
      }),
    );
    this.#attributes = new Map(entries);
    this.#made.clear();
  }

  /** The port of an instance, or null when nothing of its service mentions one. */
  async port(service: ServiceSpec, instance: InstanceId): Promise<number | null> {
    if (service.driver === 'external') {
      return service.external?.ports?.[numberOf(instance) - 1] ?? service.endpoint?.port ?? null;
    }
    return needsPort(service) ? this.#options.ports.portOf(instance) : null;
  }

  /** Without a role: the same again, as long as nothing that it is made from has changed. */
  context(
    service: ServiceSpec,
    instance: InstanceId,
    port: number | null,
    role?: DriverContext['role'],
  ): DriverContext {
    const made = role === undefined ? this.#made.get(instance) : undefined;
    if (made?.service === service && made.port === port) return made;
    const context = this.#make(service, instance, port, role);
    if (role === undefined) this.#made.set(instance, context);
    return context;
  }

  #make(
    service: ServiceSpec,
    instance: InstanceId,
    port: number | null,
    role: DriverContext['role'],
  ): DriverContext {
    const order = role?.order;
    const expand = (template: string) =>
      expandTemplate(template, (name) => {
        if (name === 'ROLE') return order?.role;
        if (name === 'EPOCH') return order === undefined ? undefined : String(order.epoch);
        if (name === 'DATA_DIR') return service.dataDir;
        return this.#lookup(name, instance, port);
      });
    return {
      service,
      instance,
      stateDir: this.#options.stateDir,
      port,
      expand,
      environment: this.#environment(service, instance, port, expand),
      progress: (text) => this.#options.log(`${instance}: ${text}`),
      ...(role === undefined ? {} : { role }),
    };
  }

  #environment(
    service: ServiceSpec,
    instance: InstanceId,
    port: number | null,
    expand: (template: string) => string,
  ): Record<string, string> {
    const environment = { ...this.#usersOwn };
    const { reports } = this.#options;
    environment['DARUMA_SOCKET'] = reports.socket;
    environment['DARUMA_TOKEN'] = reports.tokenOf(instance);
    if (port !== null) environment['PORT'] = String(port);
    if (service.dataDir !== undefined) environment['DATA_DIR'] = service.dataDir;
    for (const [name, value] of Object.entries(service.environment)) {
      environment[name] = expand(value);
    }
    return environment;
  }

  #lookup(name: string, instance: InstanceId, port: number | null): string | undefined {
    if (name === 'PORT') return port === null ? undefined : String(port);
    if (name === 'INSTANCE') return instance;
    if (name === 'INSTANCE_NUMBER') return String(numberOf(instance));
    if (name === 'DARUMA_NODE') return this.#options.nodePath;
    const [root, service, field, ...rest] = name.split('.');
    if (root !== 'services' || service === undefined || field === undefined || rest.length > 0) {
      return undefined;
    }
    return this.#attributes.get(service)?.[field];
  }
}
