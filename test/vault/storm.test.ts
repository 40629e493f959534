/**
 * The storm: points are made while the service writes, and meanwhile the job, its controller, the
 * service, the storage and a disk are taken away at random. Every point that is listed restores and
 * verifies; of all others nothing is left. A failure names its seed: STORM_SEED brings it about
 * again, as far as processes allow.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName } from '../../src/model/ids.ts';
import type { JobMessage } from '../../src/ports/vault-job.ts';
import { Dice } from '../../src/sim/dice.ts';
import { type Identities, readIdentities } from '../../src/vault/keys.ts';
import { openPlaces } from '../../src/vault/places/open.ts';
import { listPoints, restoreFiles, verifyPoint } from '../../src/vault/vault.ts';
import { emptyDirectory } from './source-scene.ts';
import { checkBank, checkFiles } from './storm-content.ts';
import { type Job, StormScene, services } from './storm-scene.ts';

const wanted = process.env['DARUMA_TEST_LONG'] === '1' ? 100 : 10;
const seed = process.env['STORM_SEED'] ?? String(Date.now());

const faults = ['none', 'job', 'controller', 'service', 'storage', 'disk'] as const;
type Fault = (typeof faults)[number];
const weights = [2, 3, 2, 1, 1, 1];
/** The storage is back before jobs give it up, as after most breaks of a network. */
const awayMs = 300;

interface Attempt {
  readonly service: ServiceName;
  readonly outcome: JobMessage['kind'] | 'gone';
  readonly told: JobMessage | null;
  readonly tookMs: number;
}

/** A point of each service at once, and what becomes of it. */
async function attemptAll(
  scene: StormScene,
  fault: Fault,
  afterMs: () => number,
): Promise<readonly Attempt[]> {
  await scene.repair();
  const jobs = services.map((service) => ({ service, ...scene.make(service) }));
  const struck = strikeAround(scene, fault, jobs, afterMs());
  const attempts = await Promise.all(
    jobs.map(async ({ service, child, told }): Promise<Attempt> => {
      const begun = performance.now();
      const exited = once(child, 'exit');
      await Promise.race([pause(afterMs()), exited]);
      if (fault === 'job') child.kill('SIGKILL');
      if (fault === 'controller') child.stdin?.destroy();
      const [message] = await Promise.all([told, exited]);
      child.stdin?.destroy();
      const outcome = message?.kind ?? 'gone';
      return { service, outcome, told: message, tookMs: performance.now() - begun };
    }),
  );
  const undo = await struck;
  undo();
  await scene.repair();
  return attempts;
}

/** Faults of what all jobs use. Returns how it ends. */
async function strikeAround(
  scene: StormScene,
  fault: Fault,
  jobs: readonly Job[],
  afterMs: number,
): Promise<() => void> {
  const nothing = () => undefined;
  await Promise.race([pause(afterMs), Promise.all(jobs.map(({ told }) => told))]);
  if (fault === 'service') await scene.killWriter();
  if (fault === 'storage') {
    await scene.killStorage();
    await pause(awayMs);
    await scene.repair();
  }
  return fault === 'disk' ? scene.takeDiskAway() : nothing;
}

async function listed(scene: StormScene, service: ServiceName): Promise<number> {
  const { points, problems } = await listPoints(scene.context(service));
  assert.deepEqual(problems, []);
  return points.length;
}

/** Restores and checks every point of the service; returns how many. */
async function proveAll(
  scene: StormScene,
  service: ServiceName,
  identities: Identities,
): Promise<number> {
  const context = scene.context(service);
  const { signal } = new AbortController();
  const { points } = await listPoints(context);
  for (const { id } of points) {
    assert.deepEqual(await verifyPoint(context, id, identities, signal), [], id);
    const into = join(scene.directory, 'proof');
    mkdirSync(into);
    await restoreFiles(context, id, into, identities, { signal, onProgress: () => undefined });
    if (service === 'bank') checkBank(join(into, 'bank.db'));
    else assert.ok(checkFiles(join(into, 'data')) > 100);
    rmSync(into, { recursive: true });
  }
  return points.length;
}

/** What lies in a place of a service belongs to points that are listed there. */
async function assertNothingLeft(scene: StormScene, service: ServiceName): Promise<void> {
  const context = scene.context(service);
  const { points } = await listPoints(context);
  for (const place of await openPlaces(context)) {
    const keys: string[] = [];
    for await (const { key } of place.list(`${service}/`)) keys.push(key);
    const here = points.filter(({ places }) => places.includes(place.name));
    const own = here.flatMap(({ id, archive }) => [
      `${service}/${id}.json`,
      `${service}/${archive.file}`,
    ]);
    assert.deepEqual(keys.sort(), own.sort(), place.name);
  }
  assert.deepEqual(readdirSync(join(scene.directory, 'vault/.partial')), []);
}

test(`${wanted} points in a storm (seed ${seed})`, async (t) => {
  const scene = await StormScene.open(emptyDirectory(t));
  const dice = new Dice(seed);
  const outcomes = new Map<string, number>();
  const made = new Map<ServiceName, number>(services.map((service) => [service, 0]));
  const total = () => [...made.values()].reduce((sum, count) => sum + count, 0);
  let usualMs = 2_000;
  try {
    while (total() < wanted) {
      const fault = faults[dice.weighed(weights)] ?? 'none';
      const attempts = await attemptAll(scene, fault, () => dice.next() * usualMs);
      for (const { service, outcome, told, tookMs } of attempts) {
        outcomes.set(`${fault} ${outcome}`, (outcomes.get(`${fault} ${outcome}`) ?? 0) + 1);
        if (fault === 'none') assert.equal(outcome, 'done', JSON.stringify(told));
        if (fault === 'none') usualMs = tookMs;
        const count = await listed(scene, service);
        // What was told is listed; one may be there that could not be told of any more.
        const before = made.get(service) ?? 0;
        assert.ok(count >= before + (outcome === 'done' ? 1 : 0), `${service}: ${fault}`);
        made.set(service, count);
      }
    }
    t.diagnostic([...outcomes].map(([what, count]) => `${what} ${count}`).join(', '));
    const last = await attemptAll(scene, 'none', () => 0);
    const identities = await readIdentities(scene.key.file);
    for (const { service, outcome, told } of last) {
      assert.equal(outcome, 'done', JSON.stringify(told));
      assert.ok((await proveAll(scene, service, identities)) > (made.get(service) ?? 0));
      await assertNothingLeft(scene, service);
    }
  } finally {
    await scene.close();
  }
});
