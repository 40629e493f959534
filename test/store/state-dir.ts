/** A directory for one test, gone when it ends, and what tests of the store share. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import type { LogRecord } from '../../src/model/record.ts';
import type { Store } from '../../src/ports/store.ts';
import { atEnd } from '../at-end.ts';

export function stateDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'daruma-store-'));
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function slept(ms: number): LogRecord {
  return { at: 0, kind: 'slept', ms };
}

/** The payloads of all records, after checking that they are numbered without a gap. */
export async function numbersIn(store: Store): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const page = await store.read(numbers.length, 1000);
    for (const { seq, record } of page) {
      if (seq !== numbers.length + 1) throw new Error(`${seq} follows ${numbers.length}`);
      numbers.push(record.kind === 'slept' ? record.ms : Number.NaN);
    }
    if (page.length === 0) return numbers;
  }
}

export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Runs the child until it has acknowledged so many records, kills it, returns all it told. */
export async function killWhileAppending(
  file: string,
  first: number,
  lines: number,
  how: 'together' | 'one by one' = 'together',
): Promise<(readonly [seq: number, number: number])[]> {
  const script = join(import.meta.dirname, 'appending-child.ts');
  const child = spawn(process.execPath, [script, file, String(first), how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: (readonly [number, number])[] = [];
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const [seq, number] = line.split(' ').map(Number);
    acknowledged.push([seq ?? 0, number ?? 0]);
    if (acknowledged.length === lines) child.kill('SIGKILL');
  }
  await exited;
  if (acknowledged.length < lines) throw new Error('the child ended by itself');
  return acknowledged;
}

/** A disk of one MiB of its own, gone when the test ends. */
export function smallDisk(t: TestContext): {
  readonly dir: string;
  readonly remount: (how: 'ro' | 'rw') => void;
} {
  const dir = mkdtempSync(join(tmpdir(), 'daruma-store-'));
  run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir);
  atEnd(t, () => {
    run('umount', '-l', dir);
    rmdirSync(dir);
  });
  return { dir, remount: (how) => run('mount', '-o', `remount,${how}`, dir) };
}

/** Whether we may mount: as root, and not in every container. */
export function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const dir = mkdtempSync(join(tmpdir(), 'daruma-store-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir], { stdio: 'ignore' });
  if (mounted.status === 0) run('umount', dir);
  rmdirSync(dir);
  return mounted.status === 0;
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
