/** A service of a Compose file that Daruma runs on this machine itself. */

import { relative } from 'node:path';
import { sizePattern } from '../stack/quantity.ts';
import { toEnvironment, unreachableIn } from './compose-environment.ts';
import type { ComposeService } from './compose-file.ts';
import { type Put, toHealthcheck } from './compose-health.ts';
import { type Placement, programsOf, withLocalPaths } from './compose-placement.ts';
import type { ComposePort } from './compose-port.ts';
import {
  askingOwnPort,
  listeningOnOwnPort,
  type Peers,
  withEndpoints,
} from './compose-references.ts';
import {
  asWrittenHere,
  type Converted,
  duration,
  type Fields,
  inShort,
  isEmpty,
  type Lost,
  type Machine,
  numeric,
  type Places,
  present,
} from './import-parts.ts';
import { reasons } from './lost-reasons.ts';

export interface ProcessScene {
  readonly places: Places;
  readonly machine: Machine;
  readonly peers: Peers;
  readonly placement: Extract<Placement, { readonly kind: 'process' }>;
  /** What the endpoint is made of. */
  readonly port: ComposePort | null;
  /** Another service waits until it has ended well. */
  readonly isJob: boolean;
}

export function toProcess(service: ComposeService, scene: ProcessScene): Converted {
  const { places, placement, port, machine } = scene;
  const target = port?.target ?? null;
  const variables = toEnvironment(service, scene.peers, target);
  const command = addressed('command', placement.command, scene.peers, target);
  const health = toHealthcheck(service, (test) => healthTest(test, scene, target));
  const restart = restartOf(service, scene.isJob);
  const user = userOf(service, machine);
  const limits = limitsOf(service);
  const here = relative(places.stackDir, placement.workingDir);
  const fields = {
    command: command.value,
    working_dir: here === '' ? undefined : here.startsWith('..') ? placement.workingDir : here,
    ...user.fields,
    environment: isEmpty(variables.environment) ? undefined : variables.environment,
    env_file: environmentFiles(service, places),
    endpoint: port === null ? undefined : endpointOf(port),
    replicas: replicasOf(service),
    ...health.fields,
    ...restart.fields,
    ...limits.fields,
    stop_signal: service.stop_signal,
    stop_grace_period: duration(service.stop_grace_period),
  };
  const toldPort = variables.knowsItsPort || command.knowsItsPort;
  const lost = [
    ...(target === null || toldPort ? [] : [untoldPort(target)]),
    ...[command, variables, health, restart, user, limits].flatMap((part) => part.lost),
    ...others(service),
  ];
  return { fields: present(fields), lost };
}

function untoldPort(target: string): Lost {
  const reason = 'it listened there; let it listen on $PORT, which Daruma gives each instance';
  return { field: 'ports', value: target, reason };
}

interface AddressedCommand {
  readonly value: string | readonly string[];
  readonly lost: readonly Lost[];
  readonly knowsItsPort: boolean;
}

function addressed(
  field: string,
  given: string | readonly string[],
  peers: Peers,
  port: string | null,
): AddressedCommand {
  const lost: Lost[] = [];
  const replaced = (text: string, before = '') => {
    const { text: result, unreachable } = withEndpoints(text, peers);
    lost.push(...unreachable.map((address) => unreachableIn(field, address)));
    if (port === null) return result;
    const isPort = result === port && /^-{1,2}(?:p|port|[\w-]+-port)$/.test(before);
    return isPort ? '${PORT}' : listeningOnOwnPort(result, port);
  };
  const value =
    typeof given === 'string'
      ? replaced(given)
      : given.map((word, index) => replaced(word, given[index - 1]));
  return { value, lost, knowsItsPort: JSON.stringify(value).includes('${PORT}') };
}

function healthTest(
  given: string | readonly string[],
  { placement, machine }: ProcessScene,
  port: string | null,
): Put {
  const { mounts, workingDir } = placement;
  const local = (text: string) => {
    const here = withLocalPaths(text, mounts, workingDir);
    return port === null ? here : askingOwnPort(here, port);
  };
  const test = typeof given === 'string' ? local(given) : given.map(local);
  const argv = typeof test === 'string' ? ['sh', '-c', test] : test.slice(1);
  const inShell = test[0] === 'CMD-SHELL' ? ['sh', '-c', ...argv] : argv;
  const missing = programsOf(inShell).find((name) => !machine.hasProgram(name, workingDir));
  if (missing === undefined) return { test };
  const reason = `${missing} is not found on this machine`;
  return { lost: { field: 'healthcheck', value: inShort([given].flat().join(' ')), reason } };
}

/** To others than this machine it is opened only where Compose said so in so many words. */
function endpointOf({ address, published }: ComposePort): string | number {
  const said = address !== null && address !== '127.0.0.1';
  return said ? `${address}:${published}` : numeric(published);
}

function environmentFiles({ env_file: given }: ComposeService, places: Places): unknown {
  if (given === undefined) return undefined;
  if (typeof given === 'string') return asWrittenHere(places, given);
  return given.map((item) => {
    if (typeof item === 'string') return asWrittenHere(places, item);
    const path = asWrittenHere(places, item.path);
    return item.required === false ? { path, required: false } : path;
  });
}

function replicasOf({ deploy, scale }: ComposeService): string | number | undefined {
  const count = deploy?.replicas ?? scale;
  return count === undefined || count === '0' || count === '1' ? undefined : numeric(count);
}

const policies = ['no', 'always', 'on-failure', 'unless-stopped'];
const byCondition: Readonly<Record<string, string>> = {
  none: 'no',
  any: 'always',
  'on-failure': 'on-failure',
};

/** Compose restarts nothing unless told to; then Daruma goes by its own default. */
export function restartOf({ restart, deploy }: ComposeService, isJob: boolean): Converted {
  const condition = byCondition[deploy?.restart_policy?.condition ?? ''];
  const [said, tries] = String(restart === false ? 'no' : (restart ?? condition ?? '')).split(':');
  const policy = said !== undefined && policies.includes(said) ? said : undefined;
  const endless = isJob && (policy === 'always' || policy === 'unless-stopped');
  const lost: Lost[] = [];
  if (endless) {
    const reason = 'another service waits until it has ended';
    lost.push({ field: 'restart', value: String(policy), reason });
  }
  if (tries !== undefined) {
    const reason = '`recovery.max_actions` is the limit here';
    lost.push({ field: 'restart', value: String(restart), reason });
  }
  return { fields: endless || policy === undefined ? {} : { restart: policy }, lost };
}

function userOf({ user }: ComposeService, machine: Machine): Converted {
  if (user === undefined || user.includes('$')) return { fields: {}, lost: lostUser(user) };
  const [name = '', group] = user.split(':');
  const here = /^\d+$/.test(name) || machine.hasUser(name);
  if (!here) return { fields: {}, lost: lostUser(user) };
  const reason = 'the group is that of the user';
  const lost =
    group === undefined || group === name ? [] : [{ field: 'user', value: user, reason }];
  return { fields: { user: numeric(name) }, lost };
}

function lostUser(user: string | undefined): Lost[] {
  return user === undefined
    ? []
    : [
        {
          field: 'user',
          value: user,
          reason: 'no such user on this machine: it runs as Daruma does',
        },
      ];
}

function limitsOf(service: ComposeService): Converted {
  const given: Fields = {
    ...present({ cpus: service.cpus, memory: service.mem_limit, pids: service.pids_limit }),
    ...service.deploy?.resources?.limits,
  };
  const lost: Lost[] = [];
  const limits: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(given)) {
    const limit = limitOf(name, String(value));
    if (limit !== null) limits[name] = limit;
    // Compose's words for «no limit».
    else if (!['0', '-1'].includes(String(value))) {
      lost.push({ field: `limits.${name}`, value: inShort(value), reason: null });
    }
  }
  return { fields: isEmpty(limits) ? {} : { limits }, lost };
}

function limitOf(name: string, text: string): string | number | null {
  if (text.includes('$')) return ['cpus', 'memory', 'pids'].includes(name) ? text : null;
  if (name === 'memory') return sizePattern.test(text) && text !== '0' ? text : null;
  const isNumber = name === 'cpus' || (name === 'pids' && /^\d+$/.test(text));
  return isNumber && Number(text) > 0 ? Number(text) : null;
}

const carried = new Set([
  ...['entrypoint', 'command', 'environment', 'env_file', 'working_dir', 'user', 'depends_on'],
  ...['healthcheck', 'restart', 'stop_signal', 'stop_grace_period', 'deploy', 'scale', 'mem_limit'],
  ...['cpus', 'pids_limit', 'ports', 'profiles', 'extends'],
]);
const carriedOfDeploy = new Set(['replicas', 'resources', 'restart_policy']);

/** Fields that a process doesn't have. */
function others(service: ComposeService): Lost[] {
  const { deploy = {}, image, build } = service;
  const { reservations } = (deploy.resources ?? {}) as Fields;
  const ofRestart = Object.keys(deploy.restart_policy ?? {}).filter((key) => key !== 'condition');
  const fields: [string, unknown][] = [
    ...Object.entries(service).filter(([key]) => !carried.has(key) && !key.startsWith('x-')),
    ...Object.entries(deploy)
      .filter(([key]) => !carriedOfDeploy.has(key))
      .map(([key, value]): [string, unknown] => [`deploy.${key}`, value]),
    ...(reservations === undefined
      ? []
      : [['deploy.resources.reservations', reservations] as const]),
    ...ofRestart.map((key): [string, unknown] => [
      `deploy.restart_policy.${key}`,
      deploy.restart_policy?.[key],
    ]),
  ].map(([key, value]) => [String(key), value]);
  return (
    fields
      // Only the name that the built image gets.
      .filter(([key]) => key !== 'image' || build === undefined || image === undefined)
      .map(([field, value]) => lostField(field, value))
  );
}

function lostField(field: string, value: unknown): Lost {
  const context = typeof value === 'object' && value !== null && 'context' in value;
  const shown = context ? inShort(value.context) : inShort(value);
  return { field, value: shown, reason: reasons[field] ?? null };
}
