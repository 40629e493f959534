/**
 * The restore drill: a recovery point is proven by restoring it, running the service on the copy
 * beside the real one, and asking it what the user wants to have asked.
 *
 *     restore ──▶ check ──▶ start ──▶ verify ──▶ stop, remove
 *                             │ until here: restoreMs
 *
 * 1. The real service and its data are not touched.
 * 2. Everything is below one directory, and every process started carries its name, so that a drill
 *    that was killed is cleaned up by the next (`drill-place.ts`).
 * 3. What was not tried is said: a proof claims nothing else.
 */
import { rm } from 'node:fs/promises';
import type { CommandSpec } from '../model/command-spec.ts';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { PointProof, RestoreDrillSpec } from '../model/recovery-point.ts';

/** A point that can be restored, and its service. */
export interface DrillSubject {
  /** Wall-clock milliseconds: to where the data could be brought back, were they lost now. */
  readonly restorableUntil: number;
  /** Into a new directory, checked. */
  restore(directory: string, signal: AbortSignal): Promise<void>;
  /** Rejects with what is wrong with the data. */
  check(directory: string, signal: AbortSignal): Promise<void>;
  /** Runs the service on it. Rejects when it can't be used. */
  start(directory: string, signal: AbortSignal): Promise<RunningCopy>;
}

export interface RunningCopy {
  /** Null: it was not started. */
  readonly port: number | null;
  /** What commands are told as `${DATA_DIR}`. */
  readonly dataDir: string;
  /** What of the service was not tried, and why. */
  readonly notes: readonly string[];
  /** Of the first row; undefined: there is no row. Absent: it knows no SQL. */
  firstValue?(query: string, timeoutMs: number): Promise<unknown>;
  /** As the service runs commands, with the copy's port and directory. Rejects when it fails. */
  run(command: CommandSpec, timeoutMs: number, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export interface DrillOptions {
  readonly verify: RestoreDrillSpec['verify'];
  /** Nothing is there yet, and nothing will be. */
  readonly directory: string;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const queryTimeoutMs = 60_000;

/** What went wrong is the proof's error; rejects only when it was aborted. */
export async function drill(subject: DrillSubject, options: DrillOptions): Promise<PointProof> {
  const { directory, now, signal } = options;
  const at = now();
  const lossMs = Math.max(0, at - subject.restorableUntil);
  const begun = performance.now();
  const elapsedMs = () => Math.round(performance.now() - begun);
  let copy: RunningCopy | null = null;
  let restoreMs: number | null = null;
  const proof = (error: unknown): PointProof => ({
    ...{ at, ok: error === null, restoreMs: restoreMs ?? elapsedMs(), lossMs },
    error: error === null ? null : errorInfo(error),
    notes: copy?.notes ?? [],
  });
  try {
    await subject.restore(directory, signal);
    await subject.check(directory, signal);
    copy = await subject.start(directory, signal);
    restoreMs = elapsedMs();
    for (const each of options.verify) await verify(copy, each, signal);
    return proof(null);
  } catch (error) {
    signal.throwIfAborted();
    return proof(error);
  } finally {
    await copy?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function verify(
  copy: RunningCopy,
  wanted: RestoreDrillSpec['verify'][number],
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (wanted.kind === 'command') return copy.run(wanted.command, wanted.timeoutMs, signal);
  if (copy.firstValue === undefined) {
    throw new DarumaError('BAD_REQUEST', '`verify: sql` is for SQLite and PostgreSQL');
  }
  const value = await copy.firstValue(wanted.query, queryTimeoutMs);
  if (holds(value)) return;
  const answer = value === undefined ? 'no row' : String(value);
  throw new DarumaError('ACTION_FAILED', `verify: «${wanted.query}» answered ${answer}`);
}

/** As `WHERE` takes it; databases have their own false. */
function holds(value: unknown): boolean {
  return ![undefined, null, false, 0, 0n, 'f', '0'].includes(value as string);
}
