/**
 * One job on recovery points: see `src/ports/vault-job.ts`. It reads what it is to do, does it and
 * tells how it went. Whoever started it may go at any moment: then this process ends at once, and
 * what it left is swept by the next.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError, type ErrorInfo, errorInfo } from './model/errors.ts';
import type { PointProof, PointView } from './model/recovery-point.ts';
import type { Damage } from './ports/data-driver.ts';
import { faultPoint } from './ports/fault-point.ts';
import { waitForLock } from './ports/lock.ts';
import { outliveOutput } from './ports/own-output.ts';
import type { MadePoint, PointSource, Progress } from './ports/vault.ts';
import {
  isUrgent,
  type JobMessage,
  type JobRequest,
  type JobResults,
  type JobWork,
} from './ports/vault-job.ts';
import { drill } from './vault/drill.ts';
import { fileSubject } from './vault/drill-copy.ts';
import { databaseSubject } from './vault/drill-database.ts';
import { drillDirectory, sweepDrills } from './vault/drill-place.ts';
import { removeExtra } from './vault/extras.ts';
import { keepProof, proofsOf } from './vault/proofs.ts';
import { restoreFiles } from './vault/restore.ts';
import { gentleSession } from './vault/sources/gently.ts';
import { joinQuietGroup } from './vault/sources/quiet-group.ts';
import { landings } from './vault/sources/replacement.ts';
import { integrityComplaints } from './vault/sources/sqlite.ts';
import { catchUp, listPoints, makePoint, prunePoints, rekey, sweep } from './vault/vault.ts';
import { verifyPoint, verifyVault } from './vault/verify.ts';
import { besideService } from './vault-drill.ts';
import {
  choosePoint,
  copyPoint,
  planRestore,
  requireRestorable,
  restoreStep,
} from './vault-restore.ts';
import { VaultScene } from './vault-scene.ts';

type Of<K extends JobWork['kind']> = JobWork & { readonly kind: K };

/** Two of these would take each other's temporary files for leftovers. */
const exclusive: ReadonlySet<JobWork['kind']> = new Set(['make', 'prune', 'drill', 'rekey']);
const lockPatienceMs = 3_600_000;
/** How often it is looked whether more of the log waits, and how long. */
const logEveryMs = 1_000;
const logQuietRounds = 3;
const progressEveryMs = 200;

function tell(message: JobMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

let toldAt = 0;
function report(progress: Omit<JobMessage & { readonly kind: 'progress' }, 'kind'>): void {
  const now = performance.now();
  if (now - toldAt < progressEveryMs) return;
  toldAt = now;
  tell({ kind: 'progress', ...progress });
}

async function carryOut({ scene: asked, work }: JobRequest, signal: AbortSignal): Promise<unknown> {
  const scene = await VaultScene.of(asked, report);
  if (!exclusive.has(work.kind)) return act(scene, work, signal);
  const lock = await waitForLock(
    join(asked.stateDir, 'run', `vault-${asked.service}.lock`),
    lockPatienceMs,
  );
  if (lock === null) throw new DarumaError('TIMED_OUT', 'another job on these points does not end');
  try {
    await sweep(scene.context);
    return await act(scene, work, signal);
  } finally {
    lock.release();
  }
}

async function act(scene: VaultScene, work: JobWork, signal: AbortSignal): Promise<unknown> {
  const { context } = scene;
  switch (work.kind) {
    case 'make':
      return make(scene, work, signal);
    case 'list':
      return list(scene);
    case 'plan':
      await requireRestorable(scene, work.only ?? []);
      return planRestore(scene, work.target, work.now);
    case 'verify': {
      const identities = await scene.identities(work.identity);
      if (work.point === null) return verifyVault(context, identities, signal);
      return verifyPoint(context, work.point, identities, signal);
    }
    case 'prune':
      return prune(scene, work);
    case 'restore':
      return { plan: await restoreStep(scene, work, signal) };
    case 'copy': {
      const { point, to } = await copyPoint(scene, work, signal);
      return { point, directory: work.directory, at: to };
    }
    case 'drill':
      return tryRestore(scene, work, signal);
    case 'search-log':
      return searchLog(scene, work, signal);
    case 'keep-log':
      return keepLog(scene, signal);
    case 'rekey':
      return rekeyAll(scene, work.identity, signal);
    case 'check':
      return check(scene, signal);
  }
}

async function make(
  scene: VaultScene,
  { name, why }: Of<'make'>,
  signal: AbortSignal,
): Promise<JobResults['make']> {
  const { context, report: onReport } = scene;
  faultPoint('point.begun');
  if (name !== null && scene.data !== null) await scene.data.nameMoment(scene.dataScene, name);
  const how = {
    ...{ name, why, now: Date.now, chance: Math.random, signal },
    onProgress: (progress: Progress) => onReport({ stage: 'reading', ...progress }),
  };
  const { made, damage } = await makeOfSound(scene, (source) => makePoint(context, source, how));
  faultPoint('point.made');
  await catchUp(context, signal);
  return { ...made, pruned: await pruneAfter(scene, why), damage };
}

/** Not of a point that a restore waits for: what is to be restored may be the next to go. */
async function pruneAfter(scene: VaultScene, why: string): Promise<JobResults['prune']> {
  if (why === 'before-destructive') return { removed: [], kept: [], problems: [] };
  return prune(scene, { kind: 'prune', dryRun: false, consent: false });
}

/** Where a standby is damaged, the primary is copied. */
async function makeOfSound(
  scene: VaultScene,
  make: (source: PointSource) => Promise<MadePoint>,
): Promise<{ readonly made: MadePoint; readonly damage: ErrorInfo | null }> {
  try {
    return { made: await make(scene.source()), damage: null };
  } catch (error) {
    const primary = scene.primarySource();
    if (errorInfo(error).code !== 'DATA_DAMAGED' || primary === null) throw error;
    return { made: await make(primary), damage: errorInfo(error) };
  }
}

async function prune(
  scene: VaultScene,
  { dryRun, consent }: Of<'prune'>,
): Promise<JobResults['prune']> {
  const { context, data } = scene;
  const pruned = await prunePoints(context, Date.now(), { dryRun, consent });
  if (data === null || dryRun) return pruned;
  const { points } = await listPoints(context);
  const facts = points.flatMap(({ postgres }) => (postgres === undefined ? [] : [postgres]));
  for (const key of data.unneededLog(facts, await scene.logKeys())) await removeExtra(context, key);
  return pruned;
}

async function list(scene: VaultScene): Promise<JobResults['list']> {
  const { points, problems } = await listPoints(scene.context);
  const { byPoint } = proofsOf(scene.context);
  const keys = await scene.logKeys();
  const views = points.map((point): PointView => {
    const until = scene.data === null ? null : scene.data.reach(point, keys).until;
    return { ...point, proven: byPoint[point.id] ?? null, restorableUntil: until };
  });
  return { points: views, problems };
}

async function tryRestore(
  scene: VaultScene,
  { point: named, identity }: Of<'drill'>,
  signal: AbortSignal,
): Promise<JobResults['drill']> {
  const { context, service, data, points: spec } = scene;
  const { points } = await listPoints(context);
  const target =
    named === null ? { kind: 'latest' as const } : { kind: 'point' as const, point: named };
  const point = choosePoint(points, target, context.service);
  const identities = await scene.identities(identity);
  const restoreInto = async (directory: string, during: AbortSignal) => {
    const how = { signal: during, onProgress: () => undefined };
    await restoreFiles(context, point.id, directory, identities, how);
  };
  const place = await placeOfDrills(scene);
  await sweepDrills(place);
  const runOf = scene.runOf.bind(scene);
  const source = spec.source;
  const subject =
    source.kind === 'postgres' && data !== null
      ? databaseSubject({
          ...{ driver: data, scene: scene.dataScene, point, log: scene.log(identities) },
          ...{ logKeys: await scene.logKeys(), realDirectory: place, restoreInto, runOf },
        })
      : source.kind !== 'postgres' && service !== null
        ? fileSubject({ source, at: point.at, restoreInto, beside: besideService(service, runOf) })
        : null;
  if (subject === null) throw new DarumaError('REFUSED', `${context.service} can't be drilled`);
  const verify = spec.drill?.verify ?? [];
  const directory = drillDirectory(place, point.id);
  const proof = await drill(subject, { verify, directory, now: Date.now, signal });
  requireKey(proof);
  keepProof(context, point.id, proof);
  return { point: point.id, proof };
}

/** Without the key nothing was tried: of the point it says neither good nor bad. */
function requireKey({ error }: PointProof): void {
  const code = error?.code;
  if (error === null || (code !== 'KEY_MISSING' && code !== 'KEY_WRONG')) return;
  throw new DarumaError(code, error.message);
}

/** Beside the data, or below the state directory where there is no directory of it. */
async function placeOfDrills(scene: VaultScene): Promise<string> {
  if (scene.data !== null) return scene.dataDirectory();
  const [first] = landings(scene.points.source);
  return first?.target ?? join(scene.context.scratchDir, 'drills');
}

async function rekeyAll(
  scene: VaultScene,
  identity: string | null,
  signal: AbortSignal,
): Promise<JobResults['rekey']> {
  const identities = await scene.identities(identity);
  if (identities === null)
    throw new DarumaError('KEY_MISSING', 'the present private keys are needed: say --identity');
  return rekey(scene.context, identities, signal);
}

async function keepLog(scene: VaultScene, signal: AbortSignal): Promise<JobResults['keep-log']> {
  const { data } = scene;
  if (data === null) return { trouble: null };
  const store = scene.log(null);
  for (let quiet = 0; ; ) {
    const told = await data.keepLog(scene.dataScene, store, signal);
    quiet = told.storedFiles === 0 ? quiet + 1 : 0;
    if (told.trouble !== null || quiet >= logQuietRounds) return { trouble: told.trouble };
    await pause(logEveryMs, undefined, { signal });
  }
}

async function searchLog(
  scene: VaultScene,
  { since, identity }: Of<'search-log'>,
  signal: AbortSignal,
): Promise<JobResults['search-log']> {
  const { data, dataScene, report: onReport } = scene;
  if (data === null) throw new DarumaError('BAD_REQUEST', 'only a PostgreSQL service has a log');
  const { points } = await listPoints(scene.context);
  const point = points.findLast(({ at }) => at <= since) ?? points[0];
  if (point === undefined) throw new DarumaError('NOT_FOUND', 'there is no recovery point yet');
  const { dropped, missing } = await data.searchLog(dataScene, {
    ...{ point, log: scene.log(await scene.identities(identity)), signal },
    onProgress: (progress) => onReport({ stage: 'searching the log', ...progress }),
  });
  return { dropped: dropped.filter(({ at }) => at === null || at >= since), missing };
}

async function check(scene: VaultScene, signal: AbortSignal): Promise<readonly Damage[]> {
  const { data, points } = scene;
  const { bytesPerSecondMax, source } = points;
  if (data !== null) return data.checkIntegrity(scene.dataScene, { signal, bytesPerSecondMax });
  if (source.kind !== 'sqlite') return [];
  return source.files.flatMap((file) =>
    integrityComplaints(file).map((message) => ({
      ...{ instance: scene.scene.primary, relation: null, file, block: null },
      error: { code: 'DATA_DAMAGED', message },
    })),
  );
}

function giveWay(): () => void {
  gentleSession();
  return joinQuietGroup();
}

async function main(): Promise<void> {
  const cancelled = new AbortController();
  process.on('SIGTERM', () => cancelled.abort());
  const input = createInterface(process.stdin);
  // Whoever started us is gone.
  input.once('close', () => process.exit(1));
  const [line] = await new Promise<[string]>((resolve) =>
    input.once('line', (text) => resolve([text])),
  );
  const request = JSON.parse(line) as JobRequest;
  const leaveQuietGroup = isUrgent(request.work) ? () => undefined : giveWay();
  try {
    const result = await carryOut(request, cancelled.signal);
    tell({ kind: 'done', result });
  } catch (error) {
    tell({ kind: 'failed', error: errorInfo(error) });
  }
  leaveQuietGroup();
  input.removeAllListeners('close');
  process.exitCode = 0;
  process.stdin.destroy();
}

outliveOutput();
await main();
