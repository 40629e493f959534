import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { lockHolder, takeLock, waitForLock } from './lock.ts';
import { ownIdentity } from './process-identity.ts';

const dir = mkdtempSync(`${tmpdir()}/daruma-lock-`);
after(() => rmSync(dir, { recursive: true, force: true }));

/** A process that tries to take the lock, prints whether it did, and then stays. */
function contender(file: string): ChildProcess {
  const code = `
    import { takeLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    process.stdin.once('data', () => console.log(takeLock(${JSON.stringify(file)}) !== null));
  `;
  const args = ['--input-type=module', '--eval', code];
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function answer(child: ChildProcess): Promise<string> {
  const [chunk] = child.stdout === null ? [''] : await once(child.stdout, 'data');
  return String(chunk).trim();
}

test('a lock is taken once, and again after its release', () => {
  const file = `${dir}/once`;
  const lock = takeLock(file);
  assert.ok(lock !== null);
  assert.deepEqual(lockHolder(file), ownIdentity());
  assert.equal(takeLock(file), null);
  lock.release();
  assert.equal(lockHolder(file), null);
  takeLock(file)?.release();
  assert.deepEqual(readdirSync(dir), []);
});

test('a lock dies with its holder', async () => {
  const file = `${dir}/dies`;
  const child = contender(file);
  child.stdin?.write('go\n');
  assert.equal(await answer(child), 'true');
  assert.equal(takeLock(file), null);
  const waiting = waitForLock(file, 60_000);
  child.kill('SIGKILL');
  const lock = await waiting;
  assert.ok(lock !== null);
  lock.release();
});

test('neither a pid that was given out again nor an earlier boot holds a lock', () => {
  const { pid, start } = ownIdentity();
  symlinkSync(`${pid}.${start + 1}.00000000`, `${dir}/reused`);
  assert.equal(lockHolder(`${dir}/reused`), null);
  takeLock(`${dir}/reused`)?.release();
  symlinkSync(`${pid}.${start}.00000000`, `${dir}/boot`);
  assert.equal(lockHolder(`${dir}/boot`), null);
});

test('of many that find a stale lock at once, one gets it', async () => {
  const file = `${dir}/stale`;
  symlinkSync('999999999.1.00000000', file);
  const children = Array.from({ length: 6 }, () => contender(file));
  const answers = Promise.all(children.map(answer));
  for (const child of children) child.stdin?.write('go\n');
  const got = await answers;
  for (const child of children) child.kill('SIGKILL');
  assert.equal(got.filter((text) => text === 'true').length, 1);
});
