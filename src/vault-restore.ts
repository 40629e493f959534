/**
 * Restores, as jobs do them: what a moment is restored from, beside the data, and into its place.
 *
 * A restore's name is its action, unique in a stack's history: `DATA.restored-a12`,
 * `DATA.before-a12`. Each step can be killed anywhere and made again.
 */
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { DarumaError } from './model/errors.ts';
import type { PointSummary, RestorePlan, RestoreTarget } from './model/recovery-point.ts';
import { faultPoint } from './ports/fault-point.ts';
import type { JobWork } from './ports/vault-job.ts';
import type { Identities } from './vault/keys.ts';
import { proofsOf } from './vault/proofs.ts';
import { restoreFiles } from './vault/restore.ts';
import { loadDump } from './vault/sources/load.ts';
import {
  discardOld,
  type Landing,
  landings,
  putBack,
  putInPlace,
  stage,
} from './vault/sources/replacement.ts';
import { listPoints } from './vault/vault.ts';
import type { VaultScene } from './vault-scene.ts';

type RestoreWork = JobWork & { readonly kind: 'restore' };
type CopyWork = JobWork & { readonly kind: 'copy' };

const run = promisify(execFile);

export async function planRestore(
  scene: VaultScene,
  target: RestoreTarget,
  now: number,
): Promise<RestorePlan> {
  const { points } = await listPoints(scene.context);
  const point = choosePoint(points, target, scene.scene.service);
  const to = await momentOf(scene, point, target);
  // What was shown is restored, also when there is a newer one by then. A log goes on from it.
  const pinned = scene.data === null ? { kind: 'point' as const, point: point.id } : target;
  const { restoreMs = null } = proofsOf(scene.context).newest ?? {};
  return {
    service: scene.scene.service,
    point: point.id,
    target: pinned,
    to,
    lossMs: Math.max(0, now - to),
    dataBytes: point.dataBytes,
    expectedMs: restoreMs,
  };
}

/** The newest point that reaches back far enough. Throws NOT_FOUND. */
export function choosePoint<P extends PointSummary>(
  points: readonly P[],
  target: RestoreTarget,
  service: string,
): P {
  const found = points.findLast((point) => serves(point, target));
  if (found !== undefined) return found;
  const oldest = points[0];
  const there =
    oldest === undefined
      ? 'there is none yet'
      : `the oldest is of ${new Date(oldest.at).toISOString()}`;
  throw new DarumaError('NOT_FOUND', `no recovery point of ${service} for this; ${there}`);
}

function serves(point: PointSummary, target: RestoreTarget): boolean {
  switch (target.kind) {
    case 'latest':
      return true;
    case 'point':
      return point.id === target.point;
    case 'time':
      return target.before ? point.at < target.at : point.at <= target.at;
    case 'lsn':
      return (
        point.postgres !== undefined && positionOf(point.postgres.stopLsn) <= positionOf(target.lsn)
      );
  }
}

function positionOf(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** The moment whose data a restore brings back. */
async function momentOf(
  scene: VaultScene,
  point: PointSummary,
  target: RestoreTarget,
): Promise<number> {
  if (scene.data === null || target.kind === 'point') return point.at;
  if (target.kind === 'time') return target.at;
  const keys = await scene.logKeys();
  if (target.kind === 'lsn') return scene.data.momentBefore(point, keys, target.lsn);
  return scene.data.reach(point, keys).until;
}

export async function restoreStep(
  scene: VaultScene,
  work: RestoreWork,
  signal: AbortSignal,
): Promise<RestorePlan | null> {
  const { step, action, order } = work;
  await requireRestorable(scene, order.only);
  if (scene.points.source.kind === 'command') return restoreDump(scene, work, signal);
  const all = await landingsOf(scene, order.only);
  switch (step) {
    case 'prepare':
      return prepare(scene, work, all, signal);
    case 'swap':
      faultPoint('restore.before-swap');
      await putInPlace(all, action);
      faultPoint('restore.after-swap');
      return null;
    case 'undo':
      faultPoint('restore.before-undo');
      await putBack(all, action);
      faultPoint('restore.after-undo');
      return null;
    case 'confirm':
      await discardOld(all, action);
      return null;
  }
}

/** Throws BAD_REQUEST when these paths can't be restored without the rest. */
export async function requireRestorable(scene: VaultScene, only: readonly string[]): Promise<void> {
  if (only.length > 0) await landingsOf(scene, only);
}

/** What is restored where; `only`: these paths of it. Throws BAD_REQUEST for one outside. */
async function landingsOf(scene: VaultScene, only: readonly string[]): Promise<readonly Landing[]> {
  const { source } = scene.points;
  const all =
    source.kind === 'postgres'
      ? [{ root: 'data', target: await scene.dataDirectory(), companions: [] }]
      : landings(source);
  if (only.length === 0) return all;
  return only.map((path) => {
    const around = all.find(({ target }) => path === target || path.startsWith(`${target}/`));
    if (source.kind === 'postgres' || source.kind === 'command')
      throw new DarumaError('BAD_REQUEST', 'a database is restored as a whole, without paths');
    if (around === undefined) {
      const there = all.map(({ target }) => target).join(', ');
      throw new DarumaError('BAD_REQUEST', `${path} is not among the data: ${there}`);
    }
    if (path === around.target) return around;
    const root = `${around.root}${path.slice(around.target.length)}`;
    return { root, target: path, companions: [] };
  });
}

async function prepare(
  scene: VaultScene,
  { action, order }: RestoreWork,
  all: readonly Landing[],
  signal: AbortSignal,
): Promise<RestorePlan> {
  const plan = await planRestore(scene, order.target, Date.now());
  const identities = await scene.identities(order.identity);
  faultPoint('restore.before-prepare');
  try {
    await stage(all, action, (into, roots) =>
      scene.points.source.kind === 'postgres'
        ? stageDatabase(scene, { plan, into, identities, local: true }, signal)
        : files(scene, { plan, into, identities, only: roots }, signal),
    );
  } catch (error) {
    for (const { target } of all)
      await rm(`${target}.restored-${action}`, { recursive: true, force: true });
    throw error;
  }
  // Renames must not reach the disk before what is renamed.
  for (const { target } of all) await run('sync', ['-f', dirname(target)]);
  faultPoint('restore.prepared');
  return plan;
}

interface Files {
  readonly plan: Pick<RestorePlan, 'point'>;
  readonly into: string;
  readonly identities: Identities | null;
  readonly only?: readonly string[];
}

async function files(
  { context, report }: VaultScene,
  { plan, into, identities, only }: Files,
  signal: AbortSignal,
): Promise<void> {
  await restoreFiles(context, plan.point, into, identities, {
    ...(only === undefined ? {} : { only }),
    signal,
    onProgress: (progress) => report({ stage: 'restoring', ...progress }),
  });
}

/** `into/data` becomes a database as it was at the moment. `local`: also by the log that is on
 * this machine only. */
async function stageDatabase(
  scene: VaultScene,
  work: Omit<Files, 'plan'> & { readonly plan: RestorePlan; readonly local: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { plan, into, identities, local } = work;
  const directory = join(into, 'data');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const path of [into, directory]) await giveAway(path, await scene.dataDirectory());
  const { points } = await listPoints(scene.context);
  const point = points.find(({ id }) => id === plan.point);
  if (point === undefined) throw new DarumaError('NOT_FOUND', `${plan.point} is gone`);
  const brokenOff = new AbortController();
  const during = AbortSignal.any([signal, brokenOff.signal]);
  const filesRestored = files(scene, { ...work, into: directory }, during);
  try {
    await scene.theData().recover(scene.dataScene, {
      ...{ directory, filesRestored, point, target: plan.target, log: scene.log(identities) },
      ...{ withLocalLog: local, signal },
      onProgress: (progress) => scene.report({ stage: 'replaying the log', ...progress }),
    });
  } finally {
    brokenOff.abort();
    // That it failed was told already.
    await filesRestored.catch(() => undefined);
  }
}

/** To the owner of what is there, who is to reach it. */
async function giveAway(directory: string, like: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(existsSync(like) ? like : dirname(like));
  await chown(directory, uid, gid);
}

/** Somewhere else, beside everything. */
export async function copyPoint(
  scene: VaultScene,
  { target, directory, only, identity }: CopyWork,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const plan = await planRestore(scene, target, Date.now());
  const identities = await scene.identities(identity);
  const plain = { plan, into: directory, identities };
  if (scene.points.source.kind === 'postgres') {
    await requireRestorable(scene, only);
    await stageDatabase(scene, { ...plain, local: true }, signal);
  } else {
    const paths = await Promise.all(only.map((path) => pathInPoint(scene, path)));
    await files(scene, only.length === 0 ? plain : { ...plain, only: paths }, signal);
  }
  return plan;
}

/** Where the data lies, or as it is called in the point. */
async function pathInPoint(scene: VaultScene, path: string): Promise<string> {
  if (!isAbsolute(path)) return path;
  const [landing] = await landingsOf(scene, [path]);
  return landing?.root ?? path;
}

/**
 * What a command dumped is loaded into the running service. What it held before is dumped first,
 * and that is what an undo loads.
 */
async function restoreDump(
  scene: VaultScene,
  { step, action, order }: RestoreWork,
  signal: AbortSignal,
): Promise<RestorePlan | null> {
  const directory = join(scene.scene.stateDir, 'restores', `${scene.scene.service}-${action}`);
  const [dump, before] = [join(directory, 'dump'), join(directory, 'before')];
  if (step === 'prepare') {
    await rm(directory, { recursive: true, force: true });
    await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
    const plan = await planRestore(scene, order.target, Date.now());
    const identities = await scene.identities(order.identity);
    await files(scene, { plan, into: directory, identities }, signal);
    return plan;
  }
  if (step === 'confirm') await rm(directory, { recursive: true, force: true });
  else if (step === 'undo') await load(scene, before, signal);
  else {
    if (!existsSync(before)) await keepDump(scene, before, signal);
    await load(scene, dump, signal);
  }
  return null;
}

async function keepDump(scene: VaultScene, path: string, signal: AbortSignal): Promise<void> {
  const copy = await scene.source().open(signal);
  try {
    for await (const { open } of copy.entries) {
      if (open === undefined) continue;
      await pipeline(await open(), createWriteStream(`${path}.part`, { mode: 0o600 }));
    }
    await copy.end();
  } finally {
    await copy.abort();
  }
  await rename(`${path}.part`, path);
}

async function load(scene: VaultScene, path: string, signal: AbortSignal): Promise<void> {
  const { source } = scene.points;
  if (source.kind !== 'command') return;
  const run = scene.runOf(scene.scene.running[0]?.port ?? null, scene.service?.dataDir ?? '');
  await loadDump(source.load, source.timeoutMs, run, createReadStream(path), signal);
}
