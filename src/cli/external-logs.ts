/** The log of a service that somebody else runs: what its `logs` command prints. */
import { createInterface } from 'node:readline';
import { DarumaError } from '../model/errors.ts';
import { type InstanceId, instanceId, numberOf } from '../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import { expandTemplate, templateNames } from '../model/template.ts';
import { startTied, type TiedCommand } from '../ports/tied-command.ts';
import type { Session } from './session.ts';
import type { CliWiring, Io, LogOptions } from './wiring.ts';

/** Such a command goes on as new lines come; it has said what there is when it is quiet so long. */
const quietMs = 500;
const firstLineMs = 3_000;

/** What such a command is run with; a session has it. */
export interface Surroundings {
  readonly wiring: Pick<CliWiring, 'asUser'>;
  readonly io: Pick<Io, 'environment'>;
  warn(text: string): void;
}

/** Instances whose log is printed by a command; also while Daruma is down. */
export async function externalLogs(session: Session): Promise<Map<InstanceId, ServiceSpec>> {
  const services = (await stackOf(session))?.services ?? [];
  const printed = services.filter(({ external }) => external !== null && external.logs !== null);
  return new Map(printed.map((service) => [instanceId(service.name, 1), service]));
}

/** Null: nothing runs, and there is no stack file that can be read. */
async function stackOf(session: Session): Promise<StackSpec | null> {
  try {
    if (session.client.isKept()) return (await session.client.configuration()).spec;
    return await session.readStack();
  } catch (error) {
    if (error instanceof DarumaError) return null;
    throw error;
  }
}

/** Its lines, oldest first; with `follow`, until the signal. Of both outputs, as `docker logs`. */
export async function* externalLines(
  surroundings: Surroundings,
  instance: InstanceId,
  service: ServiceSpec,
  { tail, follow = false, signal }: LogOptions,
): AsyncGenerator<{ readonly text: string }> {
  const { child, end } = start(surroundings, instance, service);
  const enough = new AbortController();
  const stop = () => enough.abort();
  enough.signal.addEventListener('abort', end);
  signal?.addEventListener('abort', stop);
  let timer = follow ? null : setTimeout(stop, firstLineMs);
  const last: string[] = [];
  try {
    for await (const text of createInterface({ input: child.stdout, signal: enough.signal })) {
      if (timer !== null) clearTimeout(timer);
      if (!follow) timer = setTimeout(stop, quietMs);
      if (follow || tail === undefined) yield { text };
      else last.push(text);
      if (tail !== undefined && last.length > tail) last.shift();
    }
  } finally {
    if (timer !== null) clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    stop();
  }
  for (const text of last) yield { text };
}

function start(
  surroundings: Surroundings,
  instance: InstanceId,
  service: ServiceSpec,
): TiedCommand {
  const tied = startTied({
    argv: (service.external?.logs?.argv ?? []).map((word) => expanded(word, instance)),
    asUser: surroundings.wiring.asUser(service.user),
    workingDir: service.workingDir,
    environment: { ...surroundings.io.environment, ...service.environment },
    stderr: 'inherit',
  });
  const { child } = tied;
  child.on('error', (error) =>
    surroundings.warn(`the logs command of ${instance}: ${error.message}`),
  );
  return tied;
}

/** Throws REFUSED for what only a running stack could fill in. */
function expanded(word: string, instance: InstanceId): string {
  const known: Readonly<Record<string, string>> = {
    INSTANCE: instance,
    INSTANCE_NUMBER: String(numberOf(instance)),
    DARUMA_NODE: process.execPath,
  };
  const unknown = templateNames(word).find((name) => known[name] === undefined);
  if (unknown === undefined) return expandTemplate(word, (name) => known[name]);
  throw new DarumaError('REFUSED', `the logs command of ${instance} uses \${${unknown}}`);
}
