/**
 * A stack file made of a Compose file. What can run on this machine itself becomes a process, the
 * rest stays in Docker as an external service; what a stack file doesn't hold is listed.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { DarumaError } from '../model/errors.ts';
import { toExternal, toJob } from './compose-contained.ts';
import { type ComposeFile, type ComposeService, readCompose } from './compose-file.ts';
import { type Placement, place } from './compose-placement.ts';
import type { ComposePort } from './compose-port.ts';
import { toProcess } from './compose-process.ts';
import { names, type Peers } from './compose-references.ts';
import { dockerCompose } from './docker-compose.ts';
import { dependenciesOf, toDependencies, waitedFor } from './import-dependencies.ts';
import { chooseEndpoint } from './import-endpoints.ts';
import { type Converted, inShort, type Lost, type Machine, type Places } from './import-parts.ts';
import { type ImportedService, stackText } from './import-text.ts';
import { serviceNames, stackName } from './names.ts';
import type { Plan } from './plan.ts';

export interface ImportOptions {
  /** The Compose file; absolute. */
  readonly file: string;
  /** The stack file; absolute. */
  readonly output: string;
  readonly machine: Machine;
}

export interface Import {
  readonly plan: Plan;
  readonly services: readonly ImportedService[];
  /** Of the file as a whole. */
  readonly lost: readonly Lost[];
}

/** Throws BAD_REQUEST when the file is not a Compose file or has no service to take over. */
export function planImport(options: ImportOptions): Import {
  const compose = readCompose(options.file);
  const services = new Importer(options, compose).services();
  if (services.every((each) => each.place === 'nowhere')) {
    throw new DarumaError('BAD_REQUEST', `${options.file} has no services to take over`);
  }
  const lost = [...lostOfFile(compose), ...lostBeside(options)];
  const name = compose.name ?? '';
  const stackDir = dirname(options.output);
  const text = stackText({
    origin: relative(stackDir, options.file),
    name: /^[a-z0-9][a-z0-9_-]{0,62}$/.test(name) ? name : stackName(stackDir),
    services,
    lost,
  });
  const plan = {
    files: [{ path: options.output, text, mode: 0o644 as const }],
    directories: [],
    link: null,
    next: [`look through ${basename(options.output)} for TODO`, 'daruma check', 'daruma up'],
  };
  return { plan, services, lost };
}

interface Draft {
  /** In the stack file. */
  readonly name: string;
  readonly original: string;
  readonly service: ComposeService;
  readonly placement: Placement;
  readonly port: ComposePort | null;
  readonly lost: readonly Lost[];
}

class Importer {
  readonly #file: string;
  readonly #places: Places;
  readonly #machine: Machine;
  readonly #compose: ComposeFile;
  readonly #drafts: readonly Draft[];
  readonly #jobs: ReadonlySet<string>;
  readonly #peers: Peers;

  constructor({ file, output, machine }: ImportOptions, compose: ComposeFile) {
    this.#places = { composeDir: dirname(file), stackDir: dirname(output) };
    this.#file = relative(this.#places.stackDir, file);
    this.#machine = machine;
    this.#compose = compose;
    const taken = Object.entries(compose.services).filter(([, each]) => !hasProfile(each));
    this.#jobs = waitedFor(taken.map(([, service]) => service));
    this.#drafts = this.#draft(taken);
    this.#peers = new Map(
      this.#drafts.map(({ name, original, port }) => {
        return [original, { name, target: port?.target ?? null }];
      }),
    );
  }

  services(): ImportedService[] {
    const converted = new Map(this.#drafts.map((draft) => [draft, this.#convert(draft)]));
    const known = new Map(
      [...converted].map(([{ name, original }, { fields }]) => [original, { name, fields }]),
    );
    const taken = this.#drafts.map((draft): ImportedService => {
      const { fields, lost } = converted.get(draft) ?? { fields: {}, lost: [] };
      const dependencies = toDependencies(draft.service, known);
      const all = [...draft.lost, ...lost, ...dependencies.lost, ...this.#outsideDocker(draft)];
      return {
        name: draft.name,
        place: draft.placement.kind === 'process' ? 'daruma' : 'docker',
        fields: { ...fields, ...dependencies.fields },
        lost: all,
      };
    });
    return [...taken, ...this.#leftOut()];
  }

  #draft(taken: readonly (readonly [string, ComposeService])[]): Draft[] {
    const newNames = serviceNames(taken.map(([name]) => name));
    const ports = new Set<string>();
    return taken.map(([original, service], index) => {
      const placement = place(service, this.#places, this.#machine);
      const inDocker = placement.kind === 'docker';
      const noEndpoint = inDocker && this.#jobs.has(original);
      const { port, lost } = noEndpoint ? none : chooseEndpoint(service, ports, inDocker);
      const all = [...(inDocker ? placement.lost : []), ...lost];
      return { name: newNames[index] ?? original, original, service, placement, port, lost: all };
    });
  }

  #convert({ original, service, placement, port }: Draft): Converted {
    const isJob = this.#jobs.has(original);
    if (placement.kind === 'process') {
      const scene = { places: this.#places, machine: this.#machine, peers: this.#peers };
      return toProcess(service, { ...scene, placement, port, isJob });
    }
    const docker = dockerCompose(this.#file, original);
    return isJob ? toJob(service, docker) : toExternal(service, port, docker);
  }

  /** What a container can no longer reach by name in Docker's network. */
  #outsideDocker({ service, placement }: Draft): Lost[] {
    if (placement.kind === 'process') return [];
    const values = Object.values(service.environment ?? {}).map(String);
    const dependencies = Object.keys(dependenciesOf(service));
    return this.#drafts
      .filter((other) => other.placement.kind === 'process' && !this.#jobs.has(other.original))
      .map(({ original }) => original)
      .filter((name) => dependencies.includes(name) || values.some((value) => names(value, name)))
      .map((name) => ({ field: 'networks', value: name, reason: outside }));
  }

  #leftOut(): ImportedService[] {
    return Object.entries(this.#compose.services)
      .filter(([, service]) => hasProfile(service))
      .map(([name, { profiles }]) => {
        const lost = [{ field: 'profiles', value: inShort(profiles), reason: 'left out' }];
        return { name, place: 'nowhere', fields: {}, lost };
      });
  }
}

const outside =
  'it runs outside Docker now: give it an endpoint that containers reach, such as 172.17.0.1:8080';

const none = { port: null, lost: [] };

/** Compose doesn't start what belongs to a profile unless told to. */
function hasProfile({ profiles }: ComposeService): boolean {
  return profiles !== undefined && profiles.length > 0;
}

/** Networks, volumes and the like are told where services use them. */
const silent = ['name', 'version', 'services', 'networks', 'volumes', 'secrets', 'configs'];

function lostOfFile(compose: ComposeFile): Lost[] {
  return Object.entries(compose)
    .filter(([field]) => !silent.includes(field) && !field.startsWith('x-'))
    .map(([field, value]) => {
      const reason = field === 'include' ? 'import those files by themselves' : null;
      return { field, value: inShort(value), reason };
    });
}

/** Files that Compose reads by itself. */
function lostBeside({ file, output }: ImportOptions): Lost[] {
  const override = file.replace(/(\.ya?ml)$/, '.override$1');
  const lost: Lost[] = [];
  if (override !== file && existsSync(override)) {
    const reason = 'neither read here nor by the commands for Docker';
    lost.push({ field: basename(override), value: '', reason });
  }
  if (dirname(file) !== dirname(output) && existsSync(join(dirname(file), '.env'))) {
    const reason = 'only one beside the stack file is read';
    lost.push({ field: '.env', value: '', reason });
  }
  return lost;
}
