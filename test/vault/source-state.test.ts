/** Daruma's own state, taken while its store is written to, on an empty machine directory. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { layout } from '../../src/model/layout.ts';
import { openStore } from '../../src/store/store.ts';
import { createSource } from '../../src/vault/sources/index.ts';
import { emptyDirectory, type ReadCopy, readAll, sourceContext } from './source-scene.ts';

function unpack({ entries, contents }: ReadCopy, into: string): void {
  for (const [path, { type, mode }] of entries) {
    mkdirSync(type === 'directory' ? join(into, path) : dirname(join(into, path)), {
      recursive: true,
    });
    if (type === 'file') writeFileSync(join(into, path), contents.get(path) ?? '', { mode });
  }
}

test('everything that is needed to go on is there, readable by the owner only', async (t) => {
  const directory = emptyDirectory(t);
  const context = sourceContext(directory);
  const { stateDir } = context;
  const paths = layout(stateDir);
  for (const each of [paths.secretsDir, paths.runDir]) mkdirSync(each, { recursive: true });
  const stackFile = join(directory, 'daruma.yaml');
  const envFile = join(directory, 'config/.env');
  mkdirSync(dirname(envFile));
  writeFileSync(stackFile, 'name: accounts\n');
  writeFileSync(envFile, 'TOKEN=1\n', { mode: 0o600 });
  const sources = { [stackFile]: 'abc', [envFile]: 'def', [join(directory, 'none')]: null };
  const spec = { asOf: 'x', readAt: 1, sources, spec: { name: 'accounts', directory } };
  writeFileSync(join(stateDir, 'spec.json'), JSON.stringify(spec), { mode: 0o600 });
  writeFileSync(join(stateDir, 'stack.json'), '{"name":"accounts"}', { mode: 0o600 });
  writeFileSync(join(paths.secretsDir, 'db.json'), '{"superuser":"s3cret"}', { mode: 0o600 });
  writeFileSync(join(paths.runDir, 'keeper.json'), '{}');
  const store = await openStore({ file: paths.database });
  const append = (ms: number) => store.append([{ at: 0, kind: 'slept', ms }]);
  for (let number = 1; number <= 100; number += 1) await append(number);
  const copy = await readAll(createSource({ kind: 'state' }, context), () => append(1_000));
  await store.close();
  assert.deepEqual(copy.paths, [
    ...['state.db', 'stack.json', 'spec.json', 'secrets', 'secrets/db.json'],
    ...['stack', 'stack/daruma.yaml', 'stack/config', 'stack/config/.env'],
  ]);

  const elsewhere = emptyDirectory(t);
  unpack(copy, elsewhere);
  for (const name of ['state.db', 'secrets/db.json', 'stack/config/.env']) {
    assert.equal(statSync(join(elsewhere, name)).mode & 0o777, 0o600, name);
  }
  const restored = await openStore({ file: layout(elsewhere).database });
  const records = await restored.read(0, 1_000);
  await restored.close();
  assert.equal(records.length, 100);
  assert.deepEqual(records.at(-1)?.record, { at: 0, kind: 'slept', ms: 100 });
});
