/** The command line as a whole: options, commands, errors, exit codes. */
import { Command, CommanderError } from 'commander';
import { DarumaError, errorInfo, errorTable, exitCodes } from '../model/errors.ts';
import type { AddCommand, CommandHost } from './command.ts';
import { addAttach } from './commands/attach.ts';
import { addAvailability } from './commands/availability.ts';
import { addCheck } from './commands/check.ts';
import { addCompletion } from './commands/completion.ts';
import { addConsole } from './commands/console.ts';
import { addDrill } from './commands/drill.ts';
import { addEject } from './commands/eject.ts';
import { addErrors } from './commands/errors.ts';
import { addEvents } from './commands/events.ts';
import { addImport } from './commands/import.ts';
import { addIncidents } from './commands/incidents.ts';
import { addInit } from './commands/init.ts';
import { addInstall } from './commands/install.ts';
import { addDetectors, addKnowledge } from './commands/knowledge.ts';
import { addLogs } from './commands/logs.ts';
import { addMaintenance } from './commands/maintenance.ts';
import { addNagios } from './commands/nagios.ts';
import { addNotify } from './commands/notify.ts';
import { addPoints } from './commands/points.ts';
import { addPs } from './commands/ps.ts';
import { addRequests } from './commands/requests.ts';
import { addRestore } from './commands/restore.ts';
import { addSignals } from './commands/signals.ts';
import { addSimulate } from './commands/simulate.ts';
import { addSwitchover } from './commands/switchover.ts';
import { addTop } from './commands/top.ts';
import { addUp } from './commands/up.ts';
import { addUser } from './commands/user.ts';
import { addVault } from './commands/vault.ts';
import { processIo } from './process-io.ts';
import { type GlobalOptions, Session } from './session.ts';
import type { CliWiring, Io } from './wiring.ts';

const commands: readonly AddCommand[] = [
  addUp,
  addAttach,
  addPs,
  addLogs,
  addEvents,
  addIncidents,
  addErrors,
  addNotify,
  addAvailability,
  addTop,
  addSignals,
  addKnowledge,
  addDetectors,
  addRequests,
  addSwitchover,
  addMaintenance,
  addPoints,
  addRestore,
  addVault,
  addDrill,
  addSimulate,
  addCheck,
  addInit,
  addImport,
  addInstall,
  addEject,
  addConsole,
  addUser,
  addNagios,
  addCompletion,
];

const epilogue = `
Exit codes:
  0  done                        5  runs already, or the state is another stack's
  1  failed                      6  something that is needed is missing, or a port is taken
  2  wrong use                   7  took too long
  3  the stack file is wrong     8  refused by a guard
  4  the stack is not running    9  no such service, instance, incident or error
  141  nobody reads the output any more, as with \`| head\`

The state is kept in .daruma beside the stack file (--state-dir or DARUMA_STATE_DIR).`;

/** Runs one command; `argv` is what follows the program's name. Resolves with the exit code. */
export async function run(
  argv: readonly string[],
  wiring: CliWiring,
  io: Io = processIo(),
): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(wiring.version, io, (act) => async (...args) => {
    // Commander ends the arguments with the command itself.
    const command = args.at(-1) as Command;
    const session = new Session(wiring, io, command.optsWithGlobals<GlobalOptions>());
    exitCode = (await act(session, ...(args.slice(0, -1) as never))) ?? exitCodes.ok;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, io);
  }
}

/** All commands with their options and help; `action` wraps what a command does. */
export function createProgram(
  version: string,
  { out, err }: Pick<Io, 'out' | 'err'>,
  action: CommandHost['action'],
): Command {
  const program = new Command('daruma');
  program
    .description('Keeps a stack of services standing.')
    .version(version)
    .option('--file <path>', 'stack file, or its directory (default: the one in this directory)')
    .option('--state-dir <path>', 'where the state is kept')
    .option('--json', 'print JSON')
    .option('--no-color', 'print without colours (also NO_COLOR)')
    .addHelpText('after', epilogue)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'daruma: ')),
    });
  for (const add of commands) add({ program, action });
  return program;
}

function report(error: unknown, io: Io): number {
  // Commander has told already what is wrong; help and version end like this too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const known = error instanceof DarumaError ? error : new DarumaError('INTERNAL', '');
  io.err.write(`daruma: ${errorInfo(error).message}\n${known.todo}\n`);
  return errorTable[known.code].exit;
}
