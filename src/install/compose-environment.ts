/** Variables of a service that moves from Docker to this machine. */
import type { ComposeService } from './compose-file.ts';
import { listeningOnOwnPort, type Peers, withEndpoints } from './compose-references.ts';
import type { Lost } from './import-parts.ts';

type Scalar = string | number | boolean | null;

export interface EnvironmentResult {
  readonly environment: Readonly<Record<string, Scalar>>;
  readonly lost: readonly Lost[];
  /** It listens where a variable says, and that says `$PORT` now. */
  readonly knowsItsPort: boolean;
}

/** `port` is the one that it listened on in the container; null: no endpoint leads there. */
export function toEnvironment(
  service: ComposeService,
  peers: Peers,
  port: string | null,
): EnvironmentResult {
  const environment = { ...variablesOf(service.environment) };
  const lost: Lost[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value !== 'string') continue;
    const { text, unreachable } = withEndpoints(value, peers);
    environment[name] = text;
    for (const address of unreachable) lost.push(unreachableIn(`environment.${name}`, address));
  }
  for (const [name, peer] of peers) {
    for (const key of Object.keys(environment)) {
      if (environment[key] !== name || !hostKey.test(key)) continue;
      const portKey = key.replace(hostKey, 'PORT');
      const samePort = String(environment[portKey] ?? peer.target) === peer.target;
      if (!samePort) {
        lost.push(unreachableIn(`environment.${key}`, name));
        continue;
      }
      environment[key] = `\${services.${peer.name}.host}`;
      if (portKey in environment) environment[portKey] = `\${services.${peer.name}.port}`;
    }
  }
  const knowsItsPort = port !== null && takeOwnPort(environment, port);
  return { environment, lost, knowsItsPort };
}

const hostKey = /(?:HOSTNAME|HOST|SERVER|ADDRESS|ADDR)$/;

export function unreachableIn(field: string, address: string): Lost {
  return { field, value: address, reason: 'no endpoint of this stack leads there' };
}

function variablesOf(given: ComposeService['environment']): Record<string, Scalar> {
  if (!Array.isArray(given)) return given ?? {};
  return Object.fromEntries(
    given.map((item) => {
      const equals = item.indexOf('=');
      return equals === -1 ? [item, null] : [item.slice(0, equals), item.slice(equals + 1)];
    }),
  );
}

/** Daruma sets `PORT` itself. */
function takeOwnPort(environment: Record<string, Scalar>, port: string): boolean {
  let taken = false;
  for (const [name, value] of Object.entries(environment)) {
    const isPort = /(?:^|_)PORT$/.test(name) && String(value) === port;
    const text = isPort ? '${PORT}' : listeningOnOwnPort(String(value), port);
    if (text === String(value)) continue;
    taken = true;
    if (name === 'PORT') delete environment[name];
    else environment[name] = text;
  }
  return taken;
}
