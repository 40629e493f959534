/**
 * Work on recovery points for a command: by the controller, which knows of what else goes on, or,
 * when none runs, by a job of our own. Nothing but the vault and a key is needed for looking and
 * for copies.
 */
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError } from '../model/errors.ts';
import { instanceId, type ServiceName } from '../model/ids.ts';
import { stateService } from '../model/recovery-point.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { PlaceError } from '../ports/vault.ts';
import type { JobResults, JobScene, JobWork } from '../ports/vault-job.ts';
import { ProgressLine } from './progress-line.ts';
import type { Session } from './session.ts';

const lookEveryMs = 300;

/** Does the job here. */
export async function runHere<W extends JobWork>(
  session: Session,
  service: ServiceName,
  work: W,
): Promise<JobResults[W['kind']]> {
  const line = new ProgressLine(session);
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGINT', stop);
  try {
    const scene = await sceneOf(session, service);
    return await session.wiring.runJob(scene, work, {
      signal: abort.signal,
      onProgress: (progress) => line.show(progress),
    });
  } finally {
    process.off('SIGINT', stop);
    line.end();
  }
}

/** Shows how far the controller is with the work that it was asked for. */
export async function watched<T>(
  session: Session,
  service: ServiceName,
  work: Promise<T>,
): Promise<T> {
  const line = new ProgressLine(session);
  const over = { is: false };
  const ended = work.finally(() => {
    over.is = true;
  });
  ended.catch(() => undefined);
  while (!over.is && session.io.err.isTTY === true && !session.json) {
    await Promise.race([ended.catch(() => undefined), pause(lookEveryMs)]);
    if (over.is) break;
    const jobs = await session.client.pointJobs().catch(() => []);
    const mine = jobs.find((job) => job.service === service);
    if (mine !== undefined) line.show(mine);
  }
  line.end();
  return ended;
}

/** What the stack runs by, else what its file says. */
export async function specOf(session: Session): Promise<StackSpec> {
  if (session.client.isKept()) return (await session.client.configuration()).spec;
  return session.readStack();
}

/** Services with recovery points, by the stack file. */
export function servicesWithPoints(spec: StackSpec): readonly ServiceName[] {
  const own = spec.recoveryPoints === undefined ? [] : [stateService];
  const all = spec.services.filter((service) => service.recoveryPoints !== undefined);
  return [...all.map(({ name }) => name), ...own];
}

/** What runs now counts, where something does. */
async function sceneOf(session: Session, service: ServiceName): Promise<JobScene> {
  const { stateDir, wiring } = session;
  const common = { service, stateDir, version: wiring.version };
  const first = instanceId(service, 1);
  const spec = await specOf(session);
  if (!session.client.isKept()) return { ...common, spec, running: [], primary: first };
  const view = await session.client.stack();
  const known = view.services.find(({ name }) => name === service);
  const running = (known?.instances ?? []).flatMap(({ id, phase, port }) =>
    ['running', 'ready', 'unhealthy'].includes(phase) ? [{ instance: id, port }] : [],
  );
  return { ...common, spec, running, primary: known?.group?.primary ?? first };
}

/** By the controller, or here when none runs. */
export async function byControllerOrHere<W extends JobWork, T>(
  session: Session,
  service: ServiceName,
  { asked, work }: { readonly asked: () => Promise<T>; readonly work: W },
): Promise<T | JobResults[W['kind']]> {
  if (!session.client.isKept()) return runHere(session, service, work);
  return watched(session, service, asked());
}

export function notThere(service: ServiceName, spec: StackSpec): DarumaError {
  const names = spec.services.map(({ name }) => name);
  if (!names.includes(service)) {
    const message = `there is no service ${service}; there are: ${names.join(', ')}`;
    return new DarumaError('NOT_FOUND', message);
  }
  const there = servicesWithPoints(spec).join(', ') || 'none';
  const message = `${service} has no \`recovery_points\`; services with some: ${there}`;
  return new DarumaError('NOT_FOUND', message);
}

export interface KeyOptions {
  readonly point?: string;
  readonly identity?: string;
}

export function identityOf({ io }: Session, { identity }: KeyOptions): string | null {
  return identity === undefined ? null : resolve(io.cwd, identity);
}

/** The one that is named, or all with recovery points. Rejects with NOT_FOUND. */
export async function chosenServices(
  session: Session,
  service: string | undefined,
): Promise<readonly string[]> {
  const spec = await specOf(session);
  const all = servicesWithPoints(spec);
  if (service === undefined) {
    if (all.length > 0) return all;
    const message = 'no service has `recovery_points`; give it some in the stack file';
    throw new DarumaError('NOT_FOUND', message);
  }
  if (all.includes(service)) return [service];
  throw notThere(service, spec);
}

export function problemText({ place, key, error }: PlaceError): string {
  // Many an error names what it is about by itself.
  if (key !== null && error.message.startsWith(`${place}: ${key}`)) return error.message;
  return `${place}${key === null ? '' : `: ${key}`}: ${error.message}`;
}
