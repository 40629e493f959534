import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listLogFiles } from '../../src/supervise/log-files.ts';
import type { LogLine } from '../../src/supervise/logs.ts';
import { readLogs } from '../../src/supervise/logs.ts';
import { atEnd } from '../at-end.ts';
import { scene, spec, start, until } from './scene.ts';

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const sizeBytes = 64 * 1024;

async function rotateAndKill(t: TestContext, logDir: string, afterMs: number): Promise<void> {
  const args = [script('./rotator.ts'), logDir, String(sizeBytes)];
  const rotator = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(t, () => rotator.kill('SIGKILL'));
  await once(rotator.stdout, 'data');
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  rotator.kill('SIGKILL');
  await once(rotator, 'close');
}

async function all(logDir: string): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of readLogs(logDir)) lines.push(line);
  return lines;
}

function assertNumbered(lines: readonly string[]): void {
  const wrong = lines.findIndex((line, index) => !line.startsWith(`line ${index} `));
  assert.equal(lines[wrong], lines.at(-1), `at line ${wrong}`);
  assert.equal(lines.at(-1), `lines ${lines.length - 1}`);
}

test('rotated by processes that are killed, no line is lost or doubled', async (t) => {
  const at = scene(t);
  const logDir = `${at.directory}/logs/api.1`;
  // The controller itself would rotate at this size only.
  const logging = { maxSizeBytes: 1e12, maxFiles: 3 };
  await start(at.processes, spec([process.execPath, script('./writer.ts')], { logging }));
  const stop = new AbortController();
  const followed: string[] = [];
  const follower = (async () => {
    const options = { follow: true, signal: stop.signal };
    for await (const { text } of readLogs(logDir, options)) followed.push(text);
  })();
  const archives = () => listLogFiles(logDir).archives.length;
  for (let round = 0; round < 12 || (archives() <= 12 && round < 200); round += 1) {
    await rotateAndKill(t, logDir, Math.random() * 60);
  }
  await at.processes.stop('api/1', { signal: 'SIGTERM', graceMs: 60_000 });
  await until('all was followed', () => followed.at(-1)?.startsWith('lines '));
  stop.abort();
  await follower;
  assertNumbered(followed);
  const read = await all(logDir);
  assertNumbered(read.map(({ text }) => text));
  assert.ok(archives() > 12);
});

test('the controller rotates what it runs and what it adopted', async (t) => {
  const at = scene(t);
  const logDir = `${at.directory}/logs/api.1`;
  const logging = { maxSizeBytes: sizeBytes, maxFiles: 1000 };
  await start(at.processes, spec([process.execPath, script('./writer.ts')], { logging }));
  const archives = () => listLogFiles(logDir).archives.length;
  await until('it rotated', () => archives() > 0);
  const next = await at.next();
  await next.adopt();
  const before = archives();
  await until('it rotated again', () => archives() > before + 3);
  await next.stop('api/1', { signal: 'SIGTERM', graceMs: 60_000 });
  assertNumbered((await all(logDir)).map(({ text }) => text));
  const modes = readdirSync(logDir).map((name) => statSync(`${logDir}/${name}`).mode & 0o777);
  assert.deepEqual(new Set(modes), new Set([0o600]));
  assert.deepEqual(at.troubles, []);
});
