/** Starts a keeper from the outside: the command line does, and a controller that lost its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { entry } from '../model/entry.ts';
import { DarumaError, exitCodes } from '../model/errors.ts';
import { type KeeperCommand, keeperArgv } from '../ports/keeper.ts';
import { lockHolder } from '../ports/lock.ts';

/**
 * What runs a keeper for a state directory; also what `replace` wants.
 * `controller`: program and arguments. `hangMs`: silence after which a controller is replaced.
 */
export function keeperCommand(
  stateDir: string,
  controller: readonly string[],
  options: { readonly hangMs?: number } = {},
): KeeperCommand {
  const main = fileURLToPath(entry(import.meta.url, './main'));
  const hang = options.hangMs === undefined ? [] : ['--hang-ms', String(options.hangMs)];
  return {
    exec: [process.execPath, main, '--state-dir', stateDir, ...hang],
    controller,
  };
}

/**
 * Starts it in a session of its own, to outlive us. It ends with code 5 when another has the state
 * directory, and with code 0 at once when an endpoint process that was left running had to start
 * the keeper instead: follow `run/keeper.json`, not this process.
 */
export function startKeeper(command: KeeperCommand, stderr: 'ignore' | 'inherit'): ChildProcess {
  const [program = '', ...args] = keeperArgv(command, []);
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', stderr] });
  child.unref();
  return child;
}

/**
 * Resolves once the keeper that was just started has the lock, or had the endpoint process start
 * one in its stead. Rejects with ALREADY_RUNNING when another keeper has it, with START_FAILED when
 * it could not run.
 */
export async function untilKept(keeper: ChildProcess, lockFile: string): Promise<void> {
  let failure: Error | null = null;
  keeper.once('error', (error) => {
    failure = error;
  });
  while (failure === null && keeper.exitCode === null && keeper.signalCode === null) {
    if (lockHolder(lockFile)?.pid === keeper.pid) return;
    await pause(10);
  }
  if (keeper.exitCode === exitCodes.ok) return;
  if (keeper.exitCode === exitCodes.alreadyRunning) {
    throw new DarumaError('ALREADY_RUNNING', 'another `up` was faster');
  }
  const text = `the keeper ended with ${keeper.signalCode ?? keeper.exitCode ?? 'an error'}`;
  throw new DarumaError('START_FAILED', text, failure === null ? {} : { cause: failure });
}
