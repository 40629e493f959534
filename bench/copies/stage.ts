/** A directory for one contender, and its commands, until nothing of either is left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endMarked, markName } from '../marked.ts';
import type { Command } from './contender.ts';

const lookEachMs = 10;
const open = new Set<CopyStage>();

export interface Taken {
  readonly ms: number;
  /** The most that its processes had in memory, each at its own time, together. */
  readonly peakBytes: number;
}

export class CopyStage {
  readonly directory = mkdtempSync(`${tmpdir()}/daruma-bench-`);
  readonly mark = this.directory.replaceAll('/', '.');

  constructor() {
    open.add(this);
  }

  /** Rejects when it fails. */
  async run({ argv, environment = {} }: Command): Promise<Taken> {
    const [program = '', ...args] = argv;
    const peaks = new Map<number, number>();
    const begun = performance.now();
    const child = spawn(program, args, {
      cwd: this.directory,
      env: { ...process.env, ...environment, [markName]: this.mark },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    const timer = setInterval(() => {
      for (const pid of treeOf(child.pid ?? 0)) peaks.set(pid, peakOf(pid) ?? peaks.get(pid) ?? 0);
    }, lookEachMs);
    try {
      const [code, signal] = await once(child, 'exit');
      const ms = performance.now() - begun;
      if (code !== 0) throw new Error(`${program} ended with ${code ?? signal}: ${said.trim()}`);
      return { ms, peakBytes: [...peaks.values()].reduce((sum, each) => sum + each, 0) };
    } finally {
      clearInterval(timer);
    }
  }

  /** Goes on until it is ended. */
  begin({ argv, environment = {} }: Command): { end(): Promise<void> } {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, {
      cwd: this.directory,
      env: { ...process.env, ...environment, [markName]: this.mark },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    return {
      end: async () => {
        child.kill('SIGKILL');
        await ended;
      },
    };
  }

  async close(): Promise<void> {
    if (!open.delete(this)) return;
    await endMarked(this.mark);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Whatever is still open. */
export async function closeCopies(): Promise<void> {
  await Promise.allSettled([...open].map((stage) => stage.close()));
}

/** A process and its descendants. */
function treeOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [
      pid,
      ...(children === '' ? [] : children.split(' ').flatMap((one) => treeOf(Number(one)))),
    ];
  } catch {
    return [pid]; // It has ended.
  }
}

function peakOf(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1_024;
  } catch {
    return null; // It has ended.
  }
}

/** Of all files below. */
export function bytesIn(directory: string): number {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce(
    (sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size,
    0,
  );
}
