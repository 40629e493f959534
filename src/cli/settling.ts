/**
 * Waits until what a person asked for has come about. It only looks: it can be left at any time,
 * and goes on over restarts of the controller.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError } from '../model/errors.ts';
import { serviceOf } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import { recordText } from '../model/record-text.ts';
import type { InstanceView, StackView } from '../model/view.ts';
import type { Session } from './session.ts';
import { isSettled } from './stack-text.ts';

export const lookEveryMs = 100;

/** Why these are not as they should be: a line for each. */
export function reasonsOf(instances: readonly InstanceView[]): string {
  return instances
    .map(({ id, phase, note, needsPerson }) =>
      needsPerson && note !== '' ? note : `${id} is ${phase}${note === '' ? '' : `: ${note}`}`,
    )
    .join('\n');
}

/** The instances that a service's name or an instance's id stands for. */
export function instancesNamed(view: StackView, target: string): readonly InstanceView[] {
  const all = view.services.flatMap(({ instances }) => instances);
  return all.filter(({ id }) => id === target || serviceOf(id) === target);
}

/** Listens to the event log for what becomes of some instances, and tells it on a terminal. */
export class Progress {
  /** The restart that was asked for came to nothing; why. */
  failed: string | null = null;
  /** A controller died over it, and the next one can't know how far it had come. */
  unsure = false;
  /** Somebody was asked since. */
  personAsked = false;
  readonly #session: Session;
  readonly #target: string;
  readonly #restarts = new Set<string>();

  constructor(session: Session, target: string) {
    this.#session = session;
    this.#target = target;
  }

  /** Until the signal; `after`: the last record before. */
  async follow(after: number, signal: AbortSignal): Promise<void> {
    for await (const { record } of this.#session.client.follow(after, signal)) {
      this.#hear(record);
      const text = this.#isOurs(record) ? recordText(record) : null;
      if (text !== null && this.#onTerminal) this.#session.warn(`  ${text}`);
    }
  }

  get #onTerminal(): boolean {
    return this.#session.io.err.isTTY === true && !this.#session.json;
  }

  #isOurs(record: LogRecord): boolean {
    if ('instance' in record) return this.#names(record.instance);
    return record.kind === 'symptom-began' && this.#names(record.symptom.component);
  }

  #names(component: string): boolean {
    return component === this.#target || serviceOf(component) === this.#target;
  }

  #hear(record: LogRecord): void {
    if (record.kind === 'incident-needs-person') this.personAsked = true;
    if (record.kind === 'action-planned' && record.incident === null) {
      const { kind, target, action } = record.planned;
      if (kind === 'restart' && this.#names(target)) this.#restarts.add(action);
    }
    if (record.kind !== 'action-outcome' || !this.#restarts.has(record.action)) return;
    if (record.outcome === 'failed') this.failed ??= record.reason;
    if (record.outcome === 'unknown') this.unsure = true;
  }
}

export interface Settling {
  readonly session: Session;
  readonly target: string;
  /** As they were before; a restart is done when all are others and ready. */
  readonly before: readonly InstanceView[];
  readonly kind: 'start' | 'restart';
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Resolves when all are ready, or completed where that is what they do.
 * Rejects with START_FAILED, ACTION_FAILED, REFUSED (stopped meanwhile), NOT_FOUND (removed
 * meanwhile), TIMED_OUT (the signal came).
 */
export async function untilSettled(settling: Settling): Promise<readonly InstanceView[]> {
  const { session, target, signal } = settling;
  for (;;) {
    const view = await session.client.stack();
    const instances = instancesNamed(view, target);
    if (view.state !== 'looking') {
      if (instances.length === 0) {
        throw new DarumaError('NOT_FOUND', `${target} is no longer in the stack file`);
      }
      if (isDone(settling, instances)) return instances;
      refuseFailed(settling, instances);
    }
    if (signal.aborted)
      throw tooLong(
        view,
        instances.filter((one) => !isSettled(one)),
        target,
      );
    await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

function isDone({ kind, before }: Settling, instances: readonly InstanceView[]): boolean {
  if (!instances.every(isSettled)) return false;
  return kind === 'start' || instances.every((one) => isAnother(one, before));
}

/** Not the run that was there before. */
function isAnother({ id, pid, restarts }: InstanceView, before: readonly InstanceView[]): boolean {
  const was = before.find((one) => one.id === id);
  return was === undefined || !isSettled(was) || was.pid !== pid || was.restarts !== restarts;
}

function refuseFailed(
  { kind, before, progress }: Settling,
  instances: readonly InstanceView[],
): void {
  if (progress.failed !== null) throw new DarumaError('ACTION_FAILED', progress.failed);
  const needy = instances.filter(({ id, needsPerson }) => {
    // A restart may be just what mends it.
    const known = kind === 'restart' && before.some((was) => was.id === id && was.needsPerson);
    return needsPerson && (!known || progress.personAsked);
  });
  if (needy.length > 0) throw new DarumaError('START_FAILED', reasonsOf(needy));
  const stopped = instances.filter(({ phase }) => phase === 'stopped');
  if (stopped.length > 0) {
    throw new DarumaError('REFUSED', `overtaken by a later stop: ${reasonsOf(stopped)}`);
  }
  if (progress.unsure && instances.every(isSettled)) {
    const same = instances.filter((one) => !isAnother(one, before)).map(({ id }) => id);
    const text = `not restarted, as the controller was restarted meanwhile: ${same.join(', ')}`;
    throw new DarumaError('ACTION_FAILED', text);
  }
}

/** What is missing when the time is over. */
export function tooLong(
  view: StackView,
  missing: readonly InstanceView[],
  target: string,
): DarumaError {
  const log = view.storeWritable ? '' : '\nthe log can’t be written, and this waits for it';
  const closed = view.endpointsClosed ?? null;
  const rest = closed === null ? `${target} is not done` : `endpoints: ${closed}`;
  const what = missing.length === 0 ? rest : reasonsOf(missing);
  return new DarumaError('TIMED_OUT', `${what}${log}`);
}
