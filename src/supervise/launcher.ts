/**
 * The gated launcher: a process that is there, in its session, cgroup and user, and becomes the
 * program only when told to.
 *
 *     spawned ──▶ joins cgroups ──▶ becomes the user ──▶ waits at the gate ──▶ exec: the program
 *                                                          │  │    ▲               ▲
 *                                                          │  │    └ somebody left │ nobody left
 *                                                          │  └ order ──▶ waits for the end of
 *                                                          │              the run before
 *                                                          └── end of file: exits, ran nothing
 *
 * 1. The gate is a socket whose other end only this process holds. When we die it ends, and with it
 *    the launcher, unless the word was already given.
 * 2. The pid is the program's pid: only `exec` happens on the way.
 * 3. The program inherits no end of the gate; it does inherit the FIFO that tells of its tree. That
 *    of the run before is open for reading until `exec`.
 * 4. The gate is the launcher's standard input, from which Node.js expects nothing. So we aren't
 *    woken when the program lets go of it, and don't compete with it for a processor.
 * 5. With an order it becomes the program without another word, as soon as the FIFO of the run
 *    before has ended and its cgroup is empty: also when we die. Killed, it does so no more.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { DarumaError } from '../model/errors.ts';
import { faultPoint } from '../ports/fault-point.ts';
import { umaskVariable } from '../ports/umask.ts';
import type { ExitStatus } from './exit-info.ts';
import type { ProcessRef } from './proc.ts';
import { isAlive, readCommandLine, readStat, signalProcess } from './proc.ts';
import { systemCode } from './system-error.ts';
import type { Identity } from './user.ts';
import { becomeUser } from './user.ts';

const shell = '/bin/sh';
/** Usually a launcher has become the program by then. */
const lookDelayMs = 2;
/** In between, a launcher with an order has long come to its end. */
const settleLooksMax = 100;
/** The other end of the gate was closed. */
const letGo = ['EPIPE', 'ECONNRESET'];
/** The launcher's name, with which its shell begins what it has to say. */
const launcherName = 'daruma';
/** Exit codes of the launcher itself. */
const couldNotJoin = 124;
const gateClosed = 125;
/** Those of a shell that can't run a program: permission, not found. */
const cannotRun: readonly (number | null)[] = [126, 127];

/** The last process of a tree leaves its cgroup some microseconds after it has closed its files;
 * each look takes twenty. When it waits for the processor that we have, more looks don't help: to
 * start a process and wait for it lets it go on. */
const looksMax = 50;
const quickLooks = 10;
/** For the launcher and what it starts between two looks, with room to spare. */
export const orderPidsMin = 4;
const readWord = `read -r daruma_word daruma_events || exit ${gateClosed}`;
const awaitEnd = 'while read -r daruma_word; do :; done <&3; daruma_looks=';
const isEmpty = `read -r daruma_word <"$daruma_events" && [ "$daruma_word" = 'populated 0' ]`;
const countLook = 'daruma_looks=x$daruma_looks';
const isBeyond = (looks: number) => `[ \${#daruma_looks} -gt ${looks} ]`;
const lookAgain = `if ${isBeyond(looksMax)}; then ${readWord}; break; fi; ! ${isBeyond(quickLooks)} || (:)`;
const obey = `${awaitEnd}; until ${isEmpty}; do ${countLook}; ${lookAgain}; done`;
const obeyOrder = `if [ "$daruma_word" = order ]; then ${obey}; fi`;
/** Descriptor 3 is open: to the FIFO of the run before, or to nothing. */
const gateScript = `${readWord}; ${obeyOrder}; exec "$@" </dev/null 3<&-`;
/** Programs get the umask of who started Daruma, not our own strict one. */
const umask = /^[0-7]{1,4}$/.exec(process.env[umaskVariable] ?? '')?.[0];
const setUmask = umask === undefined ? '' : `umask ${umask}; `;
/** Arguments up to `--` are the files to write to in order to join cgroups. */
const joinScript = `${setUmask}while [ "$1" != -- ]; do echo 0 >"$1" || exit ${couldNotJoin}; shift; done; shift; `;

export interface LaunchPlan {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly identity: Identity | null;
  /** Files of cgroups. */
  readonly join: readonly string[];
  /** Open files to be inherited; the caller closes them. */
  readonly log: number;
  readonly fifo: number;
  /** That of the run before, for reading; null: there is none to wait for. */
  readonly last: number | null;
}

/** Names that a shell can't hold as variables, and so would not pass on. */
function withOddVariables(plan: LaunchPlan): readonly string[] {
  const odd = Object.entries(plan.environment).filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  if (odd.length === 0) return plan.argv;
  return ['env', ...odd.map(([name, value]) => `${name}=${value}`), ...plan.argv];
}

function launcherArguments(plan: LaunchPlan): readonly string[] {
  const argv = withOddVariables(plan);
  const joins = [...plan.join, '--'];
  if (plan.identity === null)
    return ['-c', joinScript + gateScript, launcherName, ...joins, ...argv];
  const user = becomeUser(plan.identity);
  const gate = [shell, '-c', gateScript, launcherName, ...argv];
  return ['-c', `${joinScript}exec "$@"`, launcherName, ...joins, ...user, ...gate];
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

/** Starts a further process in the cgroups and with the user of an instance; resolves with its pid
 * when it has joined. Rejects with START_FAILED. */
export async function spawnInside(plan: Omit<LaunchPlan, 'last'>): Promise<number> {
  const user = plan.identity === null ? [] : becomeUser(plan.identity);
  const args = ['-c', `${joinScript}exec "$@"`, launcherName, ...plan.join, '--', ...user];
  const child = spawn(shell, [...args, ...plan.argv], {
    cwd: plan.workingDir,
    env: plan.environment,
    detached: true,
    stdio: ['ignore', plan.log, plan.log, 'ignore', plan.fifo],
  });
  child.unref();
  const pid = await pidOf(child, plan);
  while (readCommandLine(pid)?.includes(joinScript)) await new Promise(setImmediate);
  return pid;
}

async function pidOf(child: ChildProcess, plan: Pick<LaunchPlan, 'argv'>): Promise<number> {
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
  #ended = false;
  #released = false;
  #ordered = false;

  private constructor(child: ChildProcess, gate: Socket, ref: ProcessRef) {
    this.#gate = gate;
    this.ref = ref;
    child.unref();
    gate.unref();
    // The launcher may end before or while the word is given; its exit tells what came of it.
    gate.on('error', () => gate.destroy());
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

  /** Rejects with START_FAILED when the system can't make another process. */
  static async spawn(plan: LaunchPlan): Promise<Launcher> {
    const child = spawn(shell, launcherArguments(plan), {
      cwd: plan.workingDir,
      env: plan.environment,
      detached: true,
      // The FIFO comes as file `fifoFd`.
      stdio: ['pipe', plan.log, plan.log, plan.last ?? 'ignore', plan.fifo],
    });
    const pid = await pidOf(child, plan);
    const gate = child.stdin;
    const stat = readStat(pid);
    if (!(gate instanceof Socket) || stat === null) {
      throw new DarumaError('INTERNAL', `launcher ${pid} has no gate`);
    }
    return new Launcher(child, gate, { pid, startTicks: stat.startTicks });
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
    do {
      await Promise.race([pause(lookDelayMs), this.#exited]);
      if (isLauncher(this.ref.pid) === false && isAlive(this.ref)) return null;
    } while (isAlive(this.ref));
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
