/**
 * Plain systemd units for a stack, so that it can do without Daruma. Data stays where it is;
 * nothing is started or stopped.
 *
 * 1. One unit and one environment file (mode 0600) for each instance. What runs is taken as the
 *    kernel knows it, so that ports, passwords and addresses are those in use; what doesn't run is
 *    taken from the stack file, and what only Daruma knows is marked `TODO`.
 * 2. Order and need of dependencies become `After=` and `Requires=` (`Wants=` if not required).
 * 3. An endpoint becomes a socket whose proxy leads to the first instance only; the unit says so.
 * 4. External services have units or the like already and get none.
 */
import { basename, join } from 'node:path';
import { type InstanceId, instanceId, numberOf } from '../model/ids.ts';
import type { DependencySpec, ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import { expandTemplate, templateNames } from '../model/template.ts';
import type { InstanceView, StackView } from '../model/view.ts';
import type { Plan, PlannedFile } from './plan.ts';
import { lookAt, type RunningProcess } from './running-process.ts';
import { environmentLine, execLine, plain, seconds, unitName, unitText } from './unit-text.ts';

export interface EjectOptions {
  readonly spec: StackSpec;
  /** Of the running stack. */
  readonly view: StackView;
  /** Absolute; the units refer to the environment files there. */
  readonly directory: string;
  /** Units of the system (root) or of one user. */
  readonly root: boolean;
  readonly nodePath: string;
}

/** Where Debian and Fedora have it. */
const socketProxy = '/usr/lib/systemd/systemd-socket-proxyd';

export function eject(options: EjectOptions): Plan {
  const { spec, directory, root } = options;
  const systemctl = root ? 'systemctl' : 'systemctl --user';
  const files = [
    targetFile(options),
    ...spec.services.flatMap((one) => serviceFiles(options, one)),
  ];
  const units = files.filter(({ path }) => !path.endsWith('.env'));
  const enabled = units.filter(({ text }) => text.includes('[Install]'));
  return {
    files,
    directories: [directory],
    link: null,
    next: [
      'look through the units for TODO',
      'daruma down',
      `${systemctl} link ${units.map(({ path }) => path).join(' ')}`,
      `${systemctl} enable ${enabled.map(({ path }) => basename(path)).join(' ')}`,
      `${systemctl} start ${unitName(spec.name)}.target`,
    ],
  };
}

function targetFile({ spec, directory, root }: EjectOptions): PlannedFile {
  const text = unitText([
    { title: 'Unit', lines: [['Description', plain(`Stack ${spec.name}`)]] },
    { title: 'Install', lines: [['WantedBy', root ? 'multi-user.target' : 'default.target']] },
  ]);
  return { path: join(directory, `${unitName(spec.name)}.target`), text, mode: 0o644 };
}

function serviceFiles(options: EjectOptions, service: ServiceSpec): PlannedFile[] {
  if (service.driver === 'external') return [];
  const views = options.view.services.find(({ name }) => name === service.name)?.instances ?? [];
  const instances = Array.from({ length: service.replicas }, (_, index) => {
    const id = instanceId(service.name, index + 1);
    return { id, view: views.find((one) => one.id === id) ?? null };
  });
  return [
    ...instances.flatMap((instance) => instanceFiles(options, service, instance)),
    ...endpointFiles(options, service, instances[0]?.view?.port ?? null),
  ];
}

interface Instance {
  readonly id: InstanceId;
  readonly view: InstanceView | null;
}

/** What a unit needs to know, wherever it comes from. */
interface Program {
  readonly exec: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: string | null;
  readonly group: string | null;
  /** What is for a person to fill in. */
  readonly unknown: readonly string[];
}

function instanceFiles(
  options: EjectOptions,
  service: ServiceSpec,
  { id, view }: Instance,
): PlannedFile[] {
  const { spec, directory, root } = options;
  const running = view?.pid == null ? null : lookAt(view.pid);
  const program = running === null ? written(options, service, id) : asRunning(running);
  const base = unitOf(spec, id);
  const environmentFile = join(directory, `${base}.env`);
  const lines = Object.entries(program.environment).map(([name, value]) => {
    const todo = isUnknown(value) ? '# TODO: ' : '';
    return todo + environmentLine(name, value);
  });
  const text = unitText([
    { title: 'Unit', lines: unitLines(spec, service, id) },
    {
      title: 'Service',
      lines: [
        ...program.unknown.map((what) => `TODO: ${what}`),
        ...typeLines(spec, service),
        ['ExecStart', program.exec],
        ['WorkingDirectory', plain(program.workingDir)],
        ['EnvironmentFile', plain(environmentFile)],
        ...(root && program.user !== null ? [['User', program.user] as const] : []),
        ...(root && program.group !== null ? [['Group', program.group] as const] : []),
        ...stopLines(service),
        ...limitLines(service),
      ],
    },
    { title: 'Install', lines: [['WantedBy', `${unitName(spec.name)}.target`]] },
  ]);
  return [
    { path: join(directory, `${base}.service`), text, mode: 0o644 },
    { path: environmentFile, text: lines.join(''), mode: 0o600 },
  ];
}

function endpointOf(spec: StackSpec, service: string): string {
  return unitName(spec.name, service, 'endpoint');
}

function unitOf(spec: StackSpec, id: InstanceId): string {
  return unitName(spec.name, ...id.split('/'));
}

function unitLines(spec: StackSpec, service: ServiceSpec, id: InstanceId) {
  const { budget } = service.recovery;
  const needed = (wanted: (dependency: DependencySpec) => boolean) =>
    service.dependsOn.filter(wanted).flatMap((dependency) => unitsOf(spec, dependency));
  const lines: (readonly [string, string])[] = [
    ['Description', plain(`${spec.name}: ${id}`)],
    ['PartOf', `${unitName(spec.name)}.target`],
    ['StartLimitIntervalSec', seconds(budget.windowMs)],
    ['StartLimitBurst', String(budget.count + 1)],
  ];
  const all = needed(() => true);
  if (all.length > 0) lines.push(['After', all.join(' ')]);
  const required = needed((dependency) => dependency.required);
  if (required.length > 0) lines.push(['Requires', required.join(' ')]);
  const wanted = needed((dependency) => !dependency.required);
  if (wanted.length > 0) lines.push(['Wants', wanted.join(' ')]);
  return lines;
}

/** All instances of the service, and its endpoint. */
function unitsOf(spec: StackSpec, { service: name }: DependencySpec): string[] {
  const service = spec.services.find((one) => one.name === name);
  if (service === undefined || service.driver === 'external') return [];
  const ids = Array.from({ length: service.replicas }, (_, index) => instanceId(name, index + 1));
  const endpoint = service.endpoint === null ? [] : [`${endpointOf(spec, name)}.socket`];
  return [...ids.map((id) => `${unitOf(spec, id)}.service`), ...endpoint];
}

function typeLines(spec: StackSpec, { name, restart }: ServiceSpec) {
  const ends = spec.services.some(({ dependsOn }) =>
    dependsOn.some(
      ({ service, condition }) =>
        service === name && condition === 'service_completed_successfully',
    ),
  );
  const mayRestart = restart.policy === 'no' || restart.policy === 'on-failure';
  const policy = mayRestart ? restart.policy : 'always';
  return [
    ['Type', ends ? 'oneshot' : 'simple'] as const,
    ...(ends ? [['RemainAfterExit', 'yes'] as const] : []),
    ['Restart', policy] as const,
    ['RestartSec', `${restart.backoffInitialMs}ms`] as const,
  ];
}

/** Only the main process is told to stop, as by Daruma; PostgreSQL's own processes count on it. */
function stopLines({ stopSignal, stopGracePeriodMs }: ServiceSpec) {
  return [
    ['KillMode', 'mixed'] as const,
    ['KillSignal', stopSignal] as const,
    ['TimeoutStopSec', seconds(stopGracePeriodMs)] as const,
  ];
}

function limitLines({ limits: { memoryBytes, cpus, pids } }: ServiceSpec) {
  return [
    ...(memoryBytes === null ? [] : [['MemoryMax', String(memoryBytes)] as const]),
    ...(cpus === null ? [] : [['CPUQuota', `${Math.round(cpus * 100)}%`] as const]),
    ...(pids === null ? [] : [['TasksMax', String(pids)] as const]),
  ];
}

/** Set by Daruma, by the systemd unit that ran it, or for the directory that it was in. */
const notTheirs =
  /^(DARUMA_|NOTIFY_SOCKET$|WATCHDOG_|INVOCATION_ID$|JOURNAL_STREAM$|LISTEN_|SYSTEMD_|PWD$)/;

function asRunning(running: RunningProcess): Program {
  const { program, argv, environment, workingDir, uid, gid } = running;
  const own = Object.entries(environment).filter(([name]) => !notTheirs.test(name));
  const [name = program, ...args] = argv;
  // Some programs do what the name says under which they are called.
  const called = name.split('/').at(-1) === program.split('/').at(-1);
  const exec = called ? execLine([program, ...args]) : `@${execLine([program, name, ...args])}`;
  return {
    exec,
    environment: Object.fromEntries(own),
    workingDir,
    user: String(uid),
    group: String(gid),
    unknown: [],
  };
}

/** From the stack file, for an instance that doesn't run now. */
function written({ spec, nodePath }: EjectOptions, service: ServiceSpec, id: InstanceId): Program {
  const known: Readonly<Record<string, string>> = {
    INSTANCE: id,
    INSTANCE_NUMBER: String(numberOf(id)),
    DARUMA_NODE: nodePath,
  };
  const expand = (text: string) => expandTemplate(text, (name) => known[name]);
  const argv = (service.command?.argv ?? []).map(expand);
  const environment = Object.entries(service.environment).map(([k, v]) => [k, expand(v)]);
  const unknown = argv.some(isUnknown) ? ['replace what is in ${…}'] : [];
  return {
    // `env` finds the program on the PATH of the environment file, as Daruma does.
    exec: argv.length === 0 ? '/bin/false' : execLine(['/usr/bin/env', ...argv]),
    environment: Object.fromEntries(environment),
    workingDir: service.workingDir,
    user: service.user,
    group: null,
    unknown: [
      ...(argv.length === 0 ? [`say what starts it (driver ${service.driver})`] : unknown),
      `it did not run when this was written: look whether ${spec.file} holds all it needs`,
    ],
  };
}

function isUnknown(text: string): boolean {
  return templateNames(text).length > 0;
}

/** systemd's own proxy keeps the endpoint's address. */
function endpointFiles(
  { spec, directory }: EjectOptions,
  { name, endpoint, replicas }: ServiceSpec,
  port: number | null,
): PlannedFile[] {
  if (endpoint === null) return [];
  const base = endpointOf(spec, name);
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const socket = unitText([
    { title: 'Unit', lines: [['PartOf', `${unitName(spec.name)}.target`]] },
    { title: 'Socket', lines: [['ListenStream', `${host}:${endpoint.port}`]] },
    { title: 'Install', lines: [['WantedBy', `${unitName(spec.name)}.target`]] },
  ]);
  const first = `${unitOf(spec, instanceId(name, 1))}.service`;
  const balance = 'TODO: it leads to the first instance only; for more, put a load balancer here.';
  const unknown = 'TODO: the port of the first instance.';
  const proxy = unitText([
    {
      title: 'Unit',
      lines: [
        ['Requires', `${first} ${base}.socket`],
        ['After', `${first} ${base}.socket`],
      ],
    },
    {
      title: 'Service',
      lines: [
        ...(replicas > 1 ? [balance] : []),
        ...(port === null ? [unknown] : []),
        ['ExecStart', `${socketProxy} 127.0.0.1:${port ?? 1}`],
      ],
    },
  ]);
  return [
    { path: join(directory, `${base}.socket`), text: socket, mode: 0o644 },
    { path: join(directory, `${base}.service`), text: proxy, mode: 0o644 },
  ];
}
