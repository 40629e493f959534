/** A state directory with processes in it, and everything of it gone afterwards. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/controller/system-clock.ts';
import type { ExitInfo } from '../../src/model/exit.ts';
import type { InstanceId } from '../../src/model/ids.ts';
import { layout } from '../../src/model/layout.ts';
import type { AdoptionResult, LaunchSpec, RunningInstance } from '../../src/ports/processes.ts';
import { readStat } from '../../src/supervise/proc.ts';
import type { ProcessesOptions, SupervisedProcesses } from '../../src/supervise/processes.ts';
import { createProcesses } from '../../src/supervise/processes.ts';
import { atEnd } from '../at-end.ts';

export type SceneOptions = Pick<ProcessesOptions, 'blanks' | 'cgroups' | 'spareLaunchers'>;

export interface Scene {
  readonly directory: string;
  readonly processes: SupervisedProcesses;
  readonly stackId: string;
  readonly exits: readonly (readonly [InstanceId, ExitInfo])[];
  readonly troubles: readonly string[];
  /** Another controller over the same state; the one before has let go. */
  next(): Promise<SupervisedProcesses>;
}

let scenes = 0;

function stateDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-supervise-'));
  mkdirSync(`${directory}/logs`);
  mkdirSync(`${directory}/run`);
  return directory;
}

function stackIdFor(): string {
  scenes += 1;
  return `test-${process.pid}-${scenes}`;
}

function processesIn(
  directory: string,
  stackId: string,
  options: Partial<ProcessesOptions> = {},
): SupervisedProcesses {
  return createProcesses({ layout: layout(directory), stackId, clock: systemClock(), ...options });
}

export function scene(t: TestContext, options: SceneOptions = {}): Scene {
  const directory = stateDirectory();
  const stackId = stackIdFor();
  const exits: (readonly [InstanceId, ExitInfo])[] = [];
  const troubles: string[] = [];
  const make = () => {
    const made = processesIn(directory, stackId, {
      ...options,
      onTrouble: (text) => troubles.push(text),
    });
    made.onExit((instance, exit) => exits.push([instance, exit]));
    return made;
  };
  let current = make();
  // Before the directory goes, and whatever the test came to.
  atEnd(t, async () => {
    for (const number of [1, 2, 3]) {
      await current.stop(`api/${number}`, { signal: 'SIGKILL', graceMs: 0 });
    }
    await current.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    stackId,
    exits,
    troubles,
    get processes() {
      return current;
    },
    async next() {
      await current.close();
      current = make();
      return current;
    },
  };
}

export function spec(argv: readonly string[], changes: Partial<LaunchSpec> = {}): LaunchSpec {
  return {
    instance: 'api/1',
    argv,
    environment: { PATH: process.env['PATH'] ?? '' },
    workingDir: tmpdir(),
    user: null,
    limits: { cpus: null, memoryBytes: null, pids: null },
    logging: { maxSizeBytes: 1_000_000, maxFiles: 3 },
    port: null,
    ...changes,
  };
}

/** A shell script as program. */
export function shell(script: string, changes: Partial<LaunchSpec> = {}): LaunchSpec {
  return spec(['sh', '-c', script], changes);
}

export async function start(
  processes: SupervisedProcesses,
  launch: LaunchSpec,
): Promise<RunningInstance> {
  return (await processes.prepare(launch)).go();
}

/** Waits until `condition` gives something true. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`it never came to pass that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function lives(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && !stat.ended;
}

/** A number that a program wrote to a file, once it is there. */
export function writtenNumber(path: string): Promise<number> {
  return until(`${path} was written`, () => {
    const text = textOf(path);
    return text.endsWith('\n') ? Number(text) : null;
  });
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

export interface Controller {
  readonly pid: number;
  /** What it said so far. */
  readonly said: readonly Said[];
  /** Resolves with its signal or code once it has ended. */
  readonly ended: Promise<string | number | null>;
  kill(): Promise<unknown>;
}

export type Said =
  | AdoptionResult
  | { readonly kind: 'started'; readonly running: RunningInstance }
  | { readonly kind: 'exit'; readonly instance: InstanceId; readonly exit: ExitInfo }
  | { readonly kind: 'ordered' }
  | { readonly kind: 'stopped' };

/** Runs test/supervise/controller.ts. */
export function controller(
  t: TestContext,
  where: { readonly directory: string; readonly stackId: string },
  launch: LaunchSpec,
  how: { options?: SceneOptions; faultPoint?: string; stop?: boolean; order?: boolean } = {},
): Controller {
  const script = fileURLToPath(new URL('./controller.ts', import.meta.url));
  const args = [where.directory, where.stackId, JSON.stringify(how.options ?? {})];
  const child = spawn(
    process.execPath,
    [
      script,
      ...args,
      JSON.stringify(launch),
      ...(how.stop ? ['stop'] : how.order ? ['order'] : []),
    ],
    {
      env: { ...process.env, DARUMA_FAULT_POINT: how.faultPoint ?? '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const said: Said[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  const ended = new Promise<string | number | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  atEnd(t, () => child.kill('SIGKILL'));
  const kill = () => {
    child.kill('SIGKILL');
    return ended;
  };
  return { pid: child.pid ?? 0, said, ended, kill };
}

/** Waits for the controller to say something of this kind. */
export function heard<K extends Said['kind']>(
  from: Controller,
  kind: K,
): Promise<Extract<Said, { readonly kind: K }>> {
  const isThat = (said: Said): said is Extract<Said, { readonly kind: K }> => said.kind === kind;
  return until(`the controller said «${kind}»`, () => from.said.find(isThat));
}
