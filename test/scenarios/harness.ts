/**
 * A real stack under a real Daruma, for tests: the command line as a user has it, a state directory
 * of its own, and everything ended and removed afterwards.
 */
import { type ExecFileException, execFile, spawn } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { ControlClient } from '../../src/cli/control-client.ts';
import { errorInfo } from '../../src/model/errors.ts';
import type { StoredRecord } from '../../src/model/record.ts';
import type { IncidentView, InstanceView, StackView } from '../../src/model/view.ts';
import { withCompileCache } from '../../src/ports/compile-cache.ts';
import { atEnd } from '../at-end.ts';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
/** Generous: it only bounds how long a test that fails may take. */
const deadlineMs = 300_000;
/** A command that takes longer hangs. */
const commandMs = 900_000;
const recordsPage = 1_000;
const incidentsLookedAt = 20;
/** Of the controller's log, when a command hangs. */
const linesTold = 40;
/** Of what is on record, when a test fails. */
const storyCharsMax = 20_000;

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Bench {
  readonly directory: string;
  readonly file: string;
  readonly stateDir: string;
  readonly environment: Record<string, string>;
  /** What `view` and such ask: a process for each question is most of what a test costs. */
  readonly #client: ControlClient;

  constructor(directory: string, environment: Record<string, string>) {
    this.directory = directory;
    this.file = path.join(directory, 'daruma.yaml');
    this.stateDir = path.join(directory, '.daruma');
    this.environment = environment;
    this.#client = new ControlClient(this.stateDir);
  }

  /** Changes the stack file. */
  rewrite(stack: string): Promise<void> {
    return writeFile(this.file, stack);
  }

  /** Runs `daruma …` to its end. */
  daruma(...args: string[]): Promise<RunResult> {
    return this.darumaWith({}, ...args);
  }

  /** Rejects when it does not end. */
  darumaWith(environment: Record<string, string>, ...args: string[]): Promise<RunResult> {
    const options = {
      cwd: this.directory,
      env: { ...this.environment, ...environment },
      timeout: commandMs,
      killSignal: 'SIGKILL' as const,
    };
    const argv = ['--disable-warning=ExperimentalWarning', main, ...args];
    return new Promise((resolve, reject) => {
      execFile(process.execPath, argv, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 1);
        if (error === null || !isTimeOut(error)) resolve({ code, stdout, stderr });
        else reject(this.#hung(args, `${stdout}${stderr}`));
      });
    });
  }

  #hung(args: readonly string[], printed: string): Error {
    const file = path.join(this.stateDir, 'logs/daruma.log');
    const log = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : 'no log';
    const end = log.split('\n').slice(-linesTold).join('\n');
    return new Error(
      `daruma ${args.join(' ')} did not end within ${commandMs} ms; it printed:\n${printed}\n` +
        `the controller’s log ends:\n${end}`,
    );
  }

  /** Starts the stack and waits until `up --detach` says that all is ready. */
  async up(environment: Record<string, string> = {}): Promise<void> {
    const result = await this.darumaWith(environment, 'up', '--detach');
    if (result.code === 0) return;
    const log = await readFile(path.join(this.stateDir, 'logs/daruma.log'), 'utf8').catch(String);
    throw new Error(`up failed (${result.code}): ${result.stdout}${result.stderr}\n${log}`);
  }

  async json<T>(...args: string[]): Promise<T> {
    const result = await this.daruma(...args, '--json');
    if (result.code !== 0) {
      throw new Error(`daruma ${args.join(' ')}: ${result.code} ${result.stdout}${result.stderr}`);
    }
    return JSON.parse(result.stdout) as T;
  }

  view(): Promise<StackView> {
    return this.#client.stack();
  }

  async instance(id: string): Promise<InstanceView> {
    const all = (await this.view()).services.flatMap((service) => service.instances);
    const found = all.find((instance) => instance.id === id);
    if (found === undefined) throw new Error(`no instance ${id}`);
    return found;
  }

  async pid(id: string): Promise<number> {
    const { pid } = await this.instance(id);
    if (pid === null) throw new Error(`${id} has no pid`);
    return pid;
  }

  async incidents(): Promise<IncidentView[]> {
    return [...(await this.#client.incidents(incidentsLookedAt))];
  }

  /** All records of the log. */
  async events(): Promise<StoredRecord[]> {
    const all: StoredRecord[] = [];
    for (;;) {
      const page = await this.#client.records(all.at(-1)?.seq ?? 0, recordsPage);
      all.push(...page);
      if (page.length < recordsPage) return all;
    }
  }

  /** What is on record, a line each, for who reads why a test failed. */
  async story(): Promise<string> {
    const all = await this.events();
    return all.map(({ seq, record }) => `${seq} ${JSON.stringify(record)}`).join('\n');
  }

  async controllerLog(): Promise<string> {
    return readFile(path.join(this.stateDir, 'logs/daruma.log'), 'utf8');
  }

  /** Whatever became of it. */
  async remove(): Promise<void> {
    try {
      if (this.#client.isKept() || processesOf(this.stateDir).length > 0) await this.daruma('down');
    } finally {
      await endProcessesOf(this.directory);
      removeDataElsewhere(this.stateDir);
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}

/** Killed at its deadline, and not by somebody else. */
function isTimeOut({ killed, signal }: ExecFileException): boolean {
  return killed === true && signal === 'SIGKILL';
}

/** Polls until the condition gives something other than false, null or undefined. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  limitMs = deadlineMs,
): Promise<T> {
  const end = Date.now() + limitMs;
  let last: unknown = null;
  while (Date.now() < end) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`, { cause: last });
}

/** A directory with this stack file; `down` and removal follow the test whatever happens. */
export async function bench(
  t: TestContext,
  stack: string,
  environment: Record<string, string> = {},
): Promise<Bench> {
  const directory = await mkdtemp(path.join(tmpdir(), 'daruma-test-'));
  const own = Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !entry[0].startsWith('NODE_') && entry[0] !== 'DARUMA_STATE_DIR',
    ),
  );
  const made = new Bench(directory, { ...withCompileCache(own), NO_COLOR: '1', ...environment });
  await writeFile(made.file, stack);
  atEnd(t, () => made.remove());
  // Before that: what is made later ends sooner.
  atEnd(t, () => t.passed || tellStory(t, made));
  return made;
}

/** The last of it: why a test fails once in a hundred times is to be seen from this. */
async function tellStory(t: TestContext, made: Bench): Promise<void> {
  const untold = (error: unknown) => `can't be told: ${errorInfo(error).message}`;
  const story = await made.story().catch(untold);
  t.diagnostic(`on record:\n${story.slice(-storyCharsMax)}`);
}

/** What `down` could not end, after a test that failed, or leaves to end by itself: a job on
 * recovery points that is told to end may write for a moment longer. */
export async function endProcessesOf(directory: string): Promise<void> {
  await until('nothing of it runs', () => {
    const left = allPids().filter((pid) => mentions(pid, directory) || worksIn(pid, directory));
    for (const pid of left) process.kill(pid, 'SIGKILL');
    return left.length === 0;
  });
}

/** Under root the data of a database lies where its user can reach it, and is linked to. */
export function removeDataElsewhere(stateDir: string): void {
  const links = path.join(stateDir, 'data');
  if (!existsSync(links)) return;
  for (const name of readdirSync(links)) {
    const link = path.join(links, name);
    if (!lstatSync(link).isSymbolicLink()) continue;
    // The last processes of a server that was killed may still be writing.
    const patience = { maxRetries: 20, retryDelay: 100 };
    rmSync(path.dirname(readlinkSync(link)), { recursive: true, force: true, ...patience });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program in the background for the time of the test. */
export function background(t: TestContext, argv: readonly string[], cwd: string) {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

/** Processes that have the directory in their arguments or environment: all of its stack. */
export function processesOf(directory: string): number[] {
  return allPids().filter((pid) => mentions(pid, directory));
}

function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function mentions(pid: number, text: string): boolean {
  try {
    return ['cmdline', 'environ'].some((file) =>
      readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text),
    );
  } catch {
    return false; // It ended, or belongs to somebody else.
  }
}

function worksIn(pid: number, directory: string): boolean {
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${directory}/`);
  } catch {
    return false;
  }
}
