/**
 * A first stack file, in observe mode, for what runs here. What couldn't be found out is marked
 * `TODO`; the file is right as it is, so that `daruma check` passes and `daruma up` only watches.
 */
import { join } from 'node:path';
import { isSeq, parseDocument } from 'yaml';
import { DarumaError } from '../model/errors.ts';
import { foundByCompose } from './found-by-compose.ts';
import { foundByPm2 } from './found-by-pm2.ts';
import { ownSystemdUnits, systemdService } from './found-by-systemd.ts';
import type { FoundService } from './found-service.ts';
import { findListeners, type Listener, textOf } from './listeners.ts';
import { serviceNames, stackName } from './names.ts';
import type { Plan } from './plan.ts';

export interface InitOptions {
  /** Where the stack file is to lie, and a Compose file may. */
  readonly directory: string;
  /** Where pm2 has its dump. */
  readonly home: string;
}

/** Throws NOT_FOUND when nothing runs that could be watched. */
export function init(options: InitOptions): Plan & { readonly services: readonly string[] } {
  const services = namedOnce(withoutCollisions(find(options)));
  if (services.length === 0) {
    const text = 'nothing was found here that Daruma could watch';
    const todo =
      'Start what is to be watched, or write a stack file: docs/reference/stack-file.md.';
    throw new DarumaError('NOT_FOUND', text, { todo });
  }
  const path = join(options.directory, 'daruma.yaml');
  return {
    services: services.map(({ name }) => name),
    files: [{ path, text: firstStackFile(stackName(options.directory), services), mode: 0o644 }],
    directories: [],
    link: null,
    next: ['look through daruma.yaml for TODO', 'daruma check', 'daruma up'],
  };
}

/** They hold ports for others, or are no business of a stack. */
const notServices = new Set(['docker-proxy', 'containerd', 'sshd', 'systemd', 'systemd-resolve']);

function find({ directory, home }: InitOptions): FoundService[] {
  const found = [...foundByCompose(directory), ...foundByPm2(home)];
  const known = new Set(found.map(({ endpoint }) => endpoint));
  const listeners = findListeners().filter(
    ({ addresses, pid, program }) =>
      !notServices.has(program) && !isOurs(pid) && !addresses.some((one) => known.has(one)),
  );
  const units = new Set(listeners.map(({ unit }) => unit));
  const silent = ownSystemdUnits().filter((unit) => !units.has(unit));
  return [
    ...found,
    ...listeners.map(fromListener),
    ...silent.map((unit) => systemdService(unit, `systemd unit ${unit}`, null)),
  ];
}

/** Ourselves, and stacks that run already: their instances, and Daruma's own processes. */
function isOurs(pid: number): boolean {
  return (
    pid === process.pid ||
    textOf(`/proc/${pid}/environ`).includes('DARUMA_SOCKET=') ||
    /\/(?:keeper|endpoint)\/main\.[jt]s\0/.test(textOf(`/proc/${pid}/cmdline`))
  );
}

function fromListener({ addresses, pid, program, unit }: Listener): FoundService {
  const endpoint = addresses[0] ?? null;
  const origin = `${program} (pid ${pid}), listening on ${addresses.join(', ')}`;
  if (unit !== null) return systemdService(unit, `systemd unit ${unit}: ${origin}`, endpoint);
  const unknown = { start: null, stop: null, status: null, logs: null, pidFile: null };
  return { name: program, origin, endpoint, ...unknown, dependsOn: [] };
}

/** Two can't have one endpoint in a stack file; the second is then not known. */
function withoutCollisions(services: readonly FoundService[]): FoundService[] {
  const taken = new Set<string>();
  return services.map((service) => {
    const port = service.endpoint?.split(':').at(-1) ?? '';
    const free = port !== '' && !taken.has(port);
    taken.add(port);
    return { ...service, endpoint: free ? service.endpoint : null };
  });
}

/** Names that services may have, each once; references follow. */
function namedOnce(services: readonly FoundService[]): FoundService[] {
  const names = serviceNames(services.map(({ name }) => name));
  const renamed = new Map<string, string>();
  const named = services.map((service, index) => {
    const name = names[index] ?? service.name;
    if (!renamed.has(service.name)) renamed.set(service.name, name);
    return { ...service, name };
  });
  return named.map((service) => ({
    ...service,
    dependsOn: service.dependsOn.flatMap((name) => renamed.get(name) ?? []),
  }));
}

const introduction = `# Written by \`daruma init\` from what runs here. In observe mode Daruma watches, works out what is
# wrong and says what it would do; it touches nothing. What couldn't be found out is marked TODO.
# With all TODOs done, \`mode: act\` lets it act.
`;

function firstStackFile(name: string, services: readonly FoundService[]): string {
  const blocks = services.map(serviceBlock);
  return `${introduction}name: ${text(name)}\nmode: observe\nservices:\n${blocks.join('\n')}`;
}

function serviceBlock(service: FoundService): string {
  const { name, origin, endpoint, pidFile, dependsOn } = service;
  const commands = (['start', 'stop', 'status', 'logs'] as const).map((word) => {
    const argv = service[word];
    return argv === null ? null : `      ${word}: [${argv.map(text).join(', ')}]\n`;
  });
  const missing = (['start', 'stop', 'status', 'logs'] as const).filter((word) => !service[word]);
  const known = [...commands, pidFile === null ? null : `      pid_file: ${text(pidFile)}\n`];
  const lines = known.filter((line) => line !== null);
  return [
    `  # ${origin.replaceAll(/\s+/g, ' ')}\n`,
    `  ${text(name)}:\n    driver: external\n`,
    endpoint === null
      ? '    # TODO endpoint: PORT   (where it listens, if it does)\n'
      : `    endpoint: ${/^\d+$/.test(endpoint) ? endpoint : text(endpoint)}\n`,
    ...(lines.length === 0 ? [] : ['    external:\n', ...lines]),
    ...(missing.length === 0
      ? []
      : [`    # TODO external: ${missing.join(', ')}   (commands, each a list of words)\n`]),
    dependsOn.length === 0
      ? '    # TODO depends_on: [what it needs]\n'
      : `    depends_on: [${dependsOn.map(text).join(', ')}]\n`,
  ].join('');
}

/** As YAML in a flow list; `$` is doubled, for it would begin a variable. */
function text(value: string): string {
  const plain = value.replaceAll('$', '$$$$');
  return /^[A-Za-z_./][\w./-]*$/.test(plain) && !isWord(plain) ? plain : JSON.stringify(plain);
}

/** Whether YAML reads it as something else than text. */
function isWord(value: string): boolean {
  const document = parseDocument(`[${value}]`);
  return !isSeq(document.contents) || typeof document.toJS()[0] !== 'string';
}
