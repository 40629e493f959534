import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { createSource } from '../../src/vault/sources/index.ts';
import { loadDump } from '../../src/vault/sources/load.ts';
import { limitedSource } from '../../src/vault/sources/rate.ts';
import { processesOf } from '../scenarios/harness.ts';
import { emptyDirectory, readAll, sourceContext } from './source-scene.ts';

function shell(script: string) {
  return { argv: ['sh', '-c', script] };
}

function sourceOf(t: TestContext, dump: string, timeoutMs = 60_000) {
  const directory = emptyDirectory(t);
  const load = shell('cat >/dev/null');
  const source = { kind: 'command', dump: shell(dump), load, timeoutMs } as const;
  return { directory, source: createSource(source, sourceContext(directory)) };
}

test('what the command prints is the only file', async (t) => {
  const { source } = sourceOf(t, 'echo to nobody >&2; seq 1 200000');
  const { paths, contents } = await readAll(source);
  assert.deepEqual(paths, ['dump']);
  const lines = contents.get('dump')?.toString().split('\n') ?? [];
  assert.equal(lines.length, 200_001);
  assert.equal(lines[199_999], '200000');
});

test('its failure fails the point, with what it said', async (t) => {
  const { source } = sourceOf(t, 'echo half; echo no such database >&2; exit 3');
  const message = '`dump` ended with exit code 3: no such database';
  await assert.rejects(readAll(source), { code: 'ACTION_FAILED', message });
});

test('nothing printed is a failure too', async (t) => {
  const { source } = sourceOf(t, 'true');
  await assert.rejects(readAll(source), { code: 'ACTION_FAILED', message: /printed nothing/ });
});

test('a command that hangs is ended with all it started', async (t) => {
  const { source, directory } = sourceOf(t, 'echo begun; sleep 1000 & wait', 200);
  await assert.rejects(readAll(source), { code: 'TIMED_OUT' });
  assert.deepEqual(processesOf(directory), []);
});

test('a command that can not be run is told', async (t) => {
  const directory = emptyDirectory(t);
  const command = { argv: ['no-such-program'] };
  const spec = { kind: 'command', dump: command, load: command, timeoutMs: 60_000 } as const;
  const source = createSource(spec, sourceContext(directory));
  await assert.rejects(readAll(source), { code: 'ACTION_FAILED', message: /no-such-program/ });
});

test('a dump is loaded, and what can not be loaded is told', async (t) => {
  const directory = emptyDirectory(t);
  const { run } = sourceContext(directory);
  const { signal } = new AbortController();
  const content = () => Readable.from([Buffer.alloc(3_000_000, 'd')], { objectMode: false });
  await loadDump(shell('cat >loaded'), 60_000, run, content(), signal);
  assert.equal(readFileSync(join(directory, 'loaded')).length, 3_000_000);
  const refused = loadDump(shell('echo it is in use >&2; exit 1'), 60_000, run, content(), signal);
  await assert.rejects(refused, { code: 'ACTION_FAILED', message: /it is in use/ });
  const half = loadDump(shell('head -c 10 >half'), 60_000, run, content(), signal);
  await assert.rejects(half, { code: 'ACTION_FAILED', message: /broke off/ });
  assert.ok(existsSync(join(directory, 'half')));
});

test('a limit on the rate changes nothing of what is read', async (t) => {
  const { source } = sourceOf(t, 'seq 1 20000');
  const plain = await readAll(source);
  const limited = await readAll(limitedSource(source, 1_000_000));
  assert.deepEqual(limited.paths, plain.paths);
  assert.deepEqual(limited.contents, plain.contents);
});
