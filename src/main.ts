/** The `daruma` command: wires the command line. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { run } from './cli/index.ts';
import type { CliWiring, ReadPlace, StackPlace } from './cli/wiring.ts';
import { ask, forgetAsked } from './controller/kept-configuration.ts';
import { portHolder } from './endpoint/port-owner.ts';
import { requestReplace } from './keeper/replace.ts';
import { keeperCommand, startKeeper, untilKept } from './keeper/start.ts';
import { entry } from './model/entry.ts';
import { layout } from './model/layout.ts';
import type { StackSpec } from './model/stack-spec.ts';
import { type KeeperCommand, keeperArgv } from './ports/keeper.ts';
import { endWithOutput } from './ports/unread-output.ts';
import { readLogs } from './supervise/logs.ts';
import { asUser } from './supervise/user.ts';
import { version } from './version.ts';

/**
 * It makes little garbage that lives: a young generation of 16 MB would only be kept warm. One of
 * 1 MB is collected so often that it takes a tenth of what watching costs. Most of its code runs
 * seldom, and then at once: compiled at its first run and kept, a restart comes half a millisecond
 * sooner. When the stack runs it gives back what the start needed.
 */
const controllerFlags = [
  '--max-semi-space-size=2',
  '--always-sparkplug',
  '--no-flush-bytecode',
  '--expose-gc',
];

/** `asOf`: what the stack file says now is what the stack is to run by. `starts`: how many
 * instances are to be started at once. */
function command({ file, stateDir }: StackPlace, asOf: string | null, starts = 0): KeeperCommand {
  const main = fileURLToPath(entry(import.meta.url, './controller-main'));
  const options = ['--state-dir', stateDir, '--file', file];
  if (asOf !== null) options.push('--as-of', asOf);
  if (starts > 0) options.push('--starts', String(starts));
  return keeperCommand(stateDir, [
    process.execPath,
    ...process.execArgv,
    ...controllerFlags,
    main,
    ...options,
  ]);
}

/** How many instances we start ourselves. */
function startsOf({ services }: StackSpec): number {
  const own = services.filter(({ driver }) => driver !== 'external');
  return own.reduce((sum, { replicas }) => sum + replicas, 0);
}

/** Hands over what the stack file says, so that it is read once. False: it was not taken. */
async function handOver(place: ReadPlace, asOf: string, upBy: string | null): Promise<boolean> {
  const { spec, sources } = place.read;
  try {
    await ask(place.stateDir, { asOf, upBy, readAt: Date.now(), spec, sources });
    return true;
  } catch {
    // The disk takes nothing: the controller reads the file itself.
    return false;
  }
}

const wiring: CliWiring = {
  version,
  startKeeper: async (place, upBy) => {
    const asOf = randomUUID();
    const isTold = await handOver(place, asOf, upBy);
    const starts = isTold ? startsOf(place.read.spec) : 0;
    const keeper = startKeeper(command(place, asOf, starts), 'ignore');
    try {
      await untilKept(keeper, layout(place.stateDir).keeperLock);
    } catch (error) {
      await forgetAsked(place.stateDir, asOf);
      throw error;
    }
    return isTold;
  },
  takeOver: async (place) => {
    const asOf = randomUUID();
    await handOver(place, asOf, null);
    await requestReplace(layout(place.stateDir), command(place, asOf));
  },
  keeperArgv: (stack) => keeperArgv(command(stack, null), []),
  readLogs,
  leftAccount: async (stateDir) => {
    const left = await import('./left-account.ts');
    return left.leftAccount(stateDir);
  },
  attributes: async (service, stateDir) => {
    // Drivers are loaded by the few commands that need them.
    const { createDrivers } = await import('./drivers/index.ts');
    return createDrivers()[service.driver].attributes(service, stateDir);
  },
  asUser,
  runJob: async (scene, work, how) => {
    const { jobRunner } = await import('./vault/run-job.ts');
    return jobRunner({ environment: process.env })(scene, work, how);
  },
  portHolder,
};

endWithOutput();
process.exitCode = await run(process.argv.slice(2), wiring);
