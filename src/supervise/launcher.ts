/**
 * The gated launcher: a process that is there, in its session, cgroup and user, and becomes the
 * program only when told to.
 *
 *     blank ─plan─▶ joins cgroups ─▶ becomes the user ─▶ waits at the gate ──▶ exec: the program
 *       │                                                  │  │    ▲               ▲
 *       │                                                  │  │    └ somebody left │ nobody left
 *       │                                                  │  └ order ──▶ waits for the end of
 *       │                                                  │              the run before
 *       └──────────────────────────────────────────────────┴── end of file: exits, ran nothing
 *
 * 1. The gate is a socket whose other end only this process holds. When we die it ends, and with it
 *    the launcher, unless the word was already given.
 * 2. The pid is the program's pid: only `exec` happens on the way.
 * 3. The program inherits no end of the gate; it does inherit the FIFO that tells of its tree. That
 *    of the run before is open for reading until `exec`.
 * 4. The gate is the launcher's standard input, from which Node.js expects nothing. So we aren't
 *    woken when the program lets go of it, and don't compete with it for a processor.
 * 5. It is given the word, or an order, when it bears the mark of its instance: by that sign a
 *    later controller knows it. The plan of what to launch comes by the gate too, as commands for
 *    its shell: nobody else can read them there. A word that came earlier would be read with them.
 * 6. With an order it becomes the program without another word, as soon as the FIFO of the run
 *    before has ended and its cgroup is empty: also when we die. Killed, it does so no more.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError } from '../model/errors.ts';
import { faultPoint } from '../ports/fault-point.ts';
import { umaskVariable } from '../ports/umask.ts';
import type { ExitStatus } from './exit-info.ts';
import { couldNotJoin, gateClosed, gateScript, launcherName, shell } from './gate.ts';
import type { ProcessRef } from './proc.ts';
import { isAlive, readCommandLine, readStat, signalProcess } from './proc.ts';
import { systemCode } from './system-error.ts';
import type { Identity } from './user.ts';
import { becomeUser } from './user.ts';

/** Usually a launcher has become the program by then. */
const lookDelayMs = 2;
/** In between, a launcher with an order has long come to its end. */
const settleLooksMax = 100;
/** The other end of the gate was closed. */
const letGo = ['EPIPE', 'ECONNRESET'];
/** Those of a shell that can't run a program: permission, not found. */
const cannotRun: readonly (number | null)[] = [126, 127];
/** For the launcher and what it starts between two looks, with room to spare. */
export const orderPidsMin = 4;
/** Programs get the umask of who started Daruma, not our own strict one. */
const umask = /^[0-7]{1,4}$/.exec(process.env[umaskVariable] ?? '')?.[0];
const setUmask = umask === undefined ? [] : [`umask ${umask}`];
/** Names that mean something to a shell, so that it may not take what they are to be. */
const reserved =
  /^(?:IFS|LINENO|OPTIND|PPID|E?UID|GROUPS|DIRSTACK|FUNCNAME|S?RANDOM|SECONDS|HISTCMD|(?:BASH|SHELL)OPTS|BASH_\w+|_)$/;
/** Whether a variable of that name can't be passed on by a shell. */
const isOdd = (name: string) => !/^[A-Za-z_]\w*$/.test(name) || reserved.test(name);

export interface InsidePlan {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly identity: Identity | null;
  /** Files of cgroups. */
  readonly join: readonly string[];
  /** Files that it opens: for its output, and the FIFO that tells of its tree. */
  readonly log: string;
  readonly fifo: string;
}

export interface LaunchPlan extends InsidePlan {
  /** The FIFO of the run before; null: there is none to wait for. */
  readonly last: string | null;
}

/** One word of a shell command, whatever is in it. */
function word(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const words = (texts: readonly string[]): string => texts.map(word).join(' ');

function assignments(plan: InsidePlan, which: 'odd' | 'even'): readonly string[] {
  const variables = Object.entries(plan.environment);
  const wanted = variables.filter(([name]) => isOdd(name) === (which === 'odd'));
  return wanted.map(([name, value]) => `${name}=${value}`);
}

/** The commands by which a blank becomes what the plan tells of. Whatever its shell says goes to
 * the log; only builtins are run, for others would read the rest of the commands. `exec`: what the
 * shell's `exec` is given at last. */
function commandsOf(plan: InsidePlan, before: string, exec: string): string {
  const { workingDir, join, log, fifo } = plan;
  const variables = assignments(plan, 'even');
  return [
    `exec >>${word(log)} 2>&1 ${before}`,
    ...join.map((file) => `echo 0 >${word(file)} || exit ${couldNotJoin}`),
    `cd ${word(workingDir)} || exit ${couldNotJoin}`,
    'unset PWD OLDPWD',
    ...(variables.length === 0 ? [] : [`export ${words(variables)}`]),
    ...setUmask,
    `exec 4<>${word(fifo)} ${exec}`,
    '',
  ].join('\n');
}

function launcherCommands(plan: LaunchPlan): string {
  const { argv, identity, last } = plan;
  const odd = assignments(plan, 'odd');
  const user = identity === null ? [] : becomeUser(identity);
  const program = odd.length === 0 ? argv : ['env', ...odd, ...argv];
  const exec = `${words([...user, shell, '-c'])} "$1" ${words([launcherName, ...program])}`;
  // To open a FIFO for reading waits for somebody who writes.
  const before = last === null ? '3</dev/null' : `5<>${word(last)} 3<${word(last)} 5<&-`;
  return commandsOf(plan, before, exec);
}

/** Whether an exit, of which `output` was the first line, is that of a launcher which could not run
 * the program. A program may end with these codes too. */
export function couldNotRun({ code }: ExitStatus, output: string | undefined): boolean {
  if (code === couldNotJoin || code === gateClosed) return true;
  return cannotRun.includes(code) && output?.startsWith(`${launcherName}: `) === true;
}

/** Whether a process is a launcher that has not become the program. Null: it has just ended. */
export function isLauncher(pid: number): boolean | null {
  return readCommandLine(pid)?.includes(gateScript) ?? null;
}

/** No more a blank: told what to launch, it is in its cgroup and has its environment. Who may read
 * nothing else of another user's process may read that. */
function waitsAtGate(pid: number): boolean {
  return readCommandLine(pid)?.includes(`${gateScript}\0${launcherName}\0`) === true;
}

/** Starts a further process in the cgroups and with the user of an instance; resolves with its pid
 * when it has joined. Rejects with START_FAILED. */
export async function spawnInside(blank: ChildProcess, plan: InsidePlan): Promise<number> {
  const pid = await pidOf(blank, plan);
  const user = plan.identity === null ? [] : becomeUser(plan.identity);
  await tell(blank, commandsOf(plan, '3<&-', `${words([...user, ...plan.argv])} </dev/null`));
  blank.unref();
  while (isLauncher(pid) === true) await new Promise(setImmediate);
  blank.stdin?.destroy();
  return pid;
}

/** One that has ended takes nothing; its exit tells what came of it. */
function tell({ stdin }: ChildProcess, commands: string): Promise<void> {
  stdin?.on('error', () => stdin.destroy());
  return new Promise((resolve) => {
    if (stdin === null) resolve();
    else stdin.write(commands, () => resolve());
  });
}

async function pidOf(child: ChildProcess, plan: InsidePlan): Promise<number> {
  if (child.pid !== undefined) return child.pid;
  const [cause]: unknown[] = await once(child, 'error');
  throw new DarumaError('START_FAILED', `cannot start «${plan.argv[0]}»`, { cause });
}

/** Null: this Node.js doesn't tell. */
function descriptorOf(socket: Socket): number | null {
  const fd: unknown = Object(Reflect.get(socket, '_handle')).fd;
  return typeof fd === 'number' && fd >= 0 ? fd : null;
}

export class Launcher {
  readonly ref: ProcessRef;
  readonly #gate: Socket;
  readonly #exited: Promise<ExitStatus>;
  #onExit: ((status: ExitStatus) => void) | null = null;
  #ready = false;
  #ended = false;
  #released = false;
  #ordered = false;

  private constructor(child: ChildProcess, gate: Socket, ref: ProcessRef) {
    this.#gate = gate;
    this.ref = ref;
    child.unref();
    gate.unref();
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#ended = true;
        const status = { code, signal, known: true };
        this.#onExit?.(status);
        gate.destroy();
        resolve(status);
      });
    });
  }

  /** Makes one of a blank. Rejects with START_FAILED when the system can't make another process. */
  static async of(blank: ChildProcess, plan: LaunchPlan): Promise<Launcher> {
    const pid = await pidOf(blank, plan);
    const gate = blank.stdin;
    const stat = readStat(pid);
    if (!(gate instanceof Socket) || stat === null) {
      throw new DarumaError('INTERNAL', `launcher ${pid} has no gate`);
    }
    const { startTicks } = stat;
    const launcher = new Launcher(blank, gate, { pid, startTicks });
    await tell(blank, launcherCommands(plan));
    return launcher;
  }

  /** It can be given the word, or has ended. */
  get isReady(): boolean {
    this.#ready ||= this.#ended || waitsAtGate(this.ref.pid);
    return this.#ready;
  }

  /** Resolves when it is ready. */
  async untilReady(): Promise<void> {
    while (!this.isReady) await Promise.race([pause(lookDelayMs), this.#exited]);
  }

  /** It waits, or may yet; or has an order, whatever has come of that. */
  get waits(): boolean {
    return !this.#released && (!this.#ended || this.#ordered);
  }

  /** It has an order, and no word was given since. */
  get ordered(): boolean {
    return this.#ordered && !this.#released;
  }

  /** Orders it to become the program as soon as the run before has ended. `eventsFile`: of the
   * cgroup of that run. */
  order(eventsFile: string): void {
    this.#ordered = true;
    this.#say(`order ${eventsFile}\n`);
  }

  /** Gives the word to one that was ordered, in case that it asks for it again. False: it can't
   * tell that the run before has ended, for somebody outside its tree holds the FIFO. */
  async settle(): Promise<boolean> {
    this.#say('\n');
    for (let looks = 0; looks < settleLooksMax; looks += 1) {
      if (!isAlive(this.ref) || isLauncher(this.ref.pid) === false) return true;
      await Promise.race([pause(lookDelayMs), this.#exited]);
    }
    return false;
  }

  /** Gives the word. Resolves when the program runs, with null; or with the exit when none was seen
   * to run: it could not be run, or has ended already. */
  async open(): Promise<ExitStatus | null> {
    this.#released = true;
    this.#say('\n');
    faultPoint('launch.after-gate');
    while (!this.#ended) {
      await Promise.race([pause(lookDelayMs), this.#exited]);
      // Null: it has ended, and its exit is yet to be told.
      if (isLauncher(this.ref.pid) === false && !this.#ended) return null;
    }
    return this.#exited;
  }

  /** Tells it. Straight to the socket: a stream takes a tenth of a millisecond for it when it
   * wasn't used for a while. */
  #say(word: string): void {
    const fd = descriptorOf(this.#gate);
    try {
      if (fd === null) this.#gate.write(word);
      else writeSync(fd, word);
    } catch (error) {
      // The launcher has ended, or has become the program: perhaps with a word unread.
      if (!letGo.includes(systemCode(error) ?? '')) throw error;
    }
  }

  /** Ends it; nothing was run, unless it had an order: then the program is ended as well. */
  abort(): void {
    if (this.ordered) signalProcess(this.ref, 'SIGKILL');
    this.#released = true;
    this.#gate.destroy();
  }

  /** Resolves when the launcher, or the program that it became, has ended. */
  get ended(): Promise<ExitStatus> {
    return this.#exited;
  }

  /** Calls back once, when the launcher or the program that it became has ended; one listener. */
  onExit(listener: (status: ExitStatus) => void): void {
    if (this.#ended) void this.#exited.then(listener);
    else this.#onExit = listener;
  }
}
